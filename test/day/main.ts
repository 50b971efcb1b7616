/** `node test/day/main.ts [HH:MM]`: replays the day until then, prints it, and ends with 1 where anything but the wanted was said. */
import process from 'node:process';
import { Day } from './day.ts';
import { script } from './script.ts';
import { timeline } from './timeline.ts';
import { compare } from './verdict.ts';
import { timeOf } from './wanted.ts';

const until = timeOf(process.argv[2] ?? '24:00');
const day = await Day.dawn();
await day.live(script, until);
const { wanted, said } = compare(script, day.messages, until);
const missing = wanted.filter((line) => !said.includes(line)).map((line) => `wanted, not said:  ${line}`);
const tooMuch = said.filter((line) => !wanted.includes(line)).map((line) => `said, not wanted:  ${line}`);
const troubles = script.filter(({ at }) => timeOf(at) < until).length;
const outcome =
  missing.length + tooMuch.length === 0
    ? `${troubles} things befell; all ${wanted.length} messages were as wanted, and none besides.`
    : `${missing.length} messages are missing, ${tooMuch.length} were not wanted.`;
process.stdout.write(`${[...timeline(script, day.messages, until), '', ...missing, ...tooMuch, outcome].join('\n')}\n`);
process.exitCode = missing.length + tooMuch.length > 0 ? 1 : 0;
