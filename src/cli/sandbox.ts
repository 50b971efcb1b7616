import type { Command } from 'commander';
import { addressOf, shown, urlOf } from './address.ts';
import { addCommand, type CliIo } from './command.ts';
import { levelOf } from './log-level.ts';
import { untilAborted } from './wait.ts';

interface Options {
  readonly dir: string;
  readonly listen: string;
  readonly runListen: string;
  readonly pageTo?: string;
  readonly logLevel: string;
}

/** `sandbox`: only the pipeline, with faults to switch on; `run` watches it from a process of its own. */
export function register(program: Command, io: CliIo): void {
  addCommand(program, {
    usage: 'sandbox',
    summary: 'Run a local log pipeline with named faults, and write DIR/logcanary.yaml for `run`.',
    examples: [
      'sandbox --dir ./sandbox',
      'sandbox --dir ./sandbox --listen 127.0.0.1:9781 --run-listen 127.0.0.1:9780',
    ],
  })
    .requiredOption('--dir <dir>', 'where logs, archive, ledger and logcanary.yaml go; used again at the next start')
    .option('--listen <host:port>', 'where the faults are served', '127.0.0.1:9781')
    .option('--run-listen <host:port>', 'where `run` will listen', '127.0.0.1:9780')
    .option('--page-to <url>', 'where PagerDuty Events v2 JSON is POSTed exactly')
    .option('--log-level <level>', 'debug, info, warn or error', 'warn')
    .action(async (options: Options) => {
      const listen = addressOf('--listen', options.listen);
      const runListen = addressOf('--run-listen', options.runListen);
      const pageTo = options.pageTo === undefined ? undefined : urlOf('--page-to', options.pageTo);
      const [{ startSandbox }, { serveFaults }, { createLog }, { createClock }, path] = await Promise.all([
        import('../sandbox/sandbox.ts'),
        import('../sandbox/fault-server.ts'),
        import('../telemetry/log.ts'),
        import('../lib/clock.ts'),
        import('node:path'),
      ]);
      const log = createLog({ level: levelOf(options.logLevel), pretty: io.isTty, stream: io.stderr });
      const dir = path.resolve(io.cwd, options.dir);
      const sandbox = await startSandbox({
        dir,
        clock: createClock(),
        log,
        runListen: shown(runListen),
        ...(pageTo && { pageTo }),
      });
      try {
        const faults = await serveFaults(sandbox.faults, listen);
        io.stdout.write(`${sandbox.configPath}\n`);
        io.stderr.write(
          `The sandbox flows. Watch it:  logcanary run --config ${sandbox.configPath}\n` +
            `Break it:                     curl -X PUT ${faults.url}/sandbox/faults/consumer-stopped\n` +
            `All faults:                   curl ${faults.url}/sandbox/faults\n`,
        );
        await untilAborted(io.signal);
        await faults.stop();
      } finally {
        await sandbox.stop();
      }
    });
}
