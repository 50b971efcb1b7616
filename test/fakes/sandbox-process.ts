/** Runs a sandbox in the folder given, says the stream's endpoint and waits to be killed. */
import { parse } from 'yaml';
import { createClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';

const dir = process.argv[2] ?? '';
const { configText } = await startSandbox({ dir, clock: createClock(), log: silentLog, runListen: '127.0.0.1:1' });
process.stdout.write(`${parse(configText).pipelines[0].hops[0].kinesis.endpoint}\n`);
