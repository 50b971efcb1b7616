/**
 * `npm run bench`: every figure beside its goal, as a table and as JSON. `--only NAME` measures one part, `--json FILE`
 * writes the JSON there too. What could not be measured is null, and ends the program with 1.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type Figure, type Measurement, measurements } from './measurement.ts';

interface Result {
  readonly measurement: string;
  readonly figure: string;
  readonly unit: string;
  readonly median: number;
  readonly runs: readonly number[];
  readonly goal?: NonNullable<Figure['goal']>;
  readonly met?: boolean;
}

const longestRunMs = 900_000;

const usage = `npm run bench -- [--only NAME] [--json FILE]
NAME is one of ${measurements.map((each) => each.name).join(', ')}; all of them take about half an hour.
`;
const values = argumentsOf();
if (values.help) process.stdout.write(usage);
else if (values.child !== undefined) await measureHere(named(values.child));
else report(measureAll(values.only), values.json);

function argumentsOf(): { only?: string; json?: string; child?: string; help?: boolean } {
  const text = { type: 'string' } as const;
  try {
    return { ...parseArgs({ options: { only: text, json: text, child: text, help: { type: 'boolean' } } }).values };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${usage}`);
    process.exit(2);
  }
}

function named(name: string): Measurement {
  const found = measurements.find((each) => each.name === name);
  if (!found)
    throw new RangeError(`There is no "${name}": choose one of ${measurements.map((each) => each.name).join(', ')}.`);
  return found;
}

/** In a process of its own, so that what one leaves in memory is not counted for the next. */
async function measureHere(measurement: Measurement): Promise<void> {
  process.stdout.write(JSON.stringify(await measurement.run()));
}

function measureAll(only: string | undefined): Result[] {
  const wanted = only === undefined ? measurements : [named(only)];
  return wanted.flatMap((measurement) => {
    const outcomes = Array.from({ length: measurement.runs }, () => measureApart(measurement.name));
    return measurement.figures.map((figure) => resultOf(measurement.name, figure, outcomes));
  });
}

function measureApart(name: string): Readonly<Record<string, number>> {
  process.stderr.write(`measuring ${name}...\n`);
  // With the flags of `npm run logcanary`.
  const flags = ['--expose-gc', '--max-semi-space-size=8'];
  const child = spawnSync(process.execPath, [...flags, import.meta.filename, '--child', name], {
    encoding: 'utf8',
    timeout: longestRunMs,
  });
  if (child.status === 0) return JSON.parse(child.stdout) as Record<string, number>;
  process.stderr.write(
    `Cannot measure ${name}: the process ended with ${child.status ?? child.signal}. ${child.stderr}\n`,
  );
  process.exitCode = 1;
  return {};
}

function resultOf(measurement: string, figure: Figure, outcomes: readonly Readonly<Record<string, number>>[]): Result {
  const runs = outcomes.flatMap((outcome) => outcome[figure.key] ?? []);
  const median = runs.toSorted((a, b) => a - b)[Math.floor(runs.length / 2)] ?? Number.NaN;
  const { title, unit, goal } = figure;
  const result = { measurement, figure: title, unit, median, runs };
  if (!goal || Number.isNaN(median)) return result;
  return { ...result, goal, met: 'atLeast' in goal ? median >= goal.atLeast : median <= goal.atMost };
}

function report(results: readonly Result[], file: string | undefined): void {
  const machine = { node: process.version, cores: availableParallelism(), cpu: cpus()[0]?.model ?? 'unknown' };
  const json = `${JSON.stringify({ machine, results }, null, 2)}\n`;
  process.stdout.write(
    `\n${tableOf(results)}\n\n${machine.cores} cores (${machine.cpu}), Node ${machine.node}; medians\n`,
  );
  process.stdout.write(json);
  if (file !== undefined) writeFileSync(file, json);
}

function tableOf(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.measurement,
    result.figure,
    shown(result.median, result.unit),
    result.goal ? goalText(result.goal, result.unit) : '',
    outcomeOf(result),
  ]);
  const table = [['measurement', 'figure', 'median', 'goal', ''], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function outcomeOf({ median, met }: Result): string {
  if (Number.isNaN(median)) return 'NOT MEASURED';
  if (met === undefined) return '';
  return met ? 'met' : 'NOT MET';
}

function goalText(goal: NonNullable<Figure['goal']>, unit: string): string {
  return 'atLeast' in goal ? `≥ ${shown(goal.atLeast, unit)}` : `≤ ${shown(goal.atMost, unit)}`;
}

function shown(value: number, unit: string): string {
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return `${rounded.toLocaleString('en')}${unit.startsWith('/') || unit === '' ? unit : ` ${unit}`}`;
}
