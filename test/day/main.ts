/**
 * `node test/day/main.ts [FROM [UNTIL]]`: replays the day, or a part of it from HH:MM on, prints it, and ends with 1 where anything
 * but the wanted was said. A part that begins later knows nothing of what came before (nodes that went and came).
 */
import process from 'node:process';
import { Day } from './day.ts';
import { script } from './script.ts';
import { timeline } from './timeline.ts';
import { compare } from './verdict.ts';
import { timeOf } from './wanted.ts';

const [from, until] = [timeOf(process.argv[2] ?? '00:00'), timeOf(process.argv[3] ?? '24:00')];
const part = script.filter(({ at }) => timeOf(at) >= from && timeOf(at) < until);
const day = await Day.dawn(from);
await day.live(part, until);
const { wanted, said } = compare(part, day.messages, until);
const missing = wanted.filter((line) => !said.includes(line)).map((line) => `wanted, not said:  ${line}`);
const tooMuch = said.filter((line) => !wanted.includes(line)).map((line) => `said, not wanted:  ${line}`);
const outcome =
  missing.length + tooMuch.length === 0
    ? `${part.length} things befell; all ${wanted.length} messages were as wanted, and none besides.`
    : `${missing.length} messages are missing, ${tooMuch.length} were not wanted.`;
process.stdout.write(`${[...timeline(part, day.messages, until), '', ...missing, ...tooMuch, outcome].join('\n')}\n`);
process.exitCode = missing.length + tooMuch.length > 0 ? 1 : 0;
