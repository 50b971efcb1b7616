import type { Command } from 'commander';
import type { CheckedHop, CheckOutcome } from '../check-once.ts';
import { addCommand, type CliIo, CommandExit, type ExitCode } from './command.ts';
import { loadNamed, shippedKinds } from './kinds.ts';

/** `check`: one canary through everything, a table; works beside a running `run`. */
export function register(program: Command, io: CliIo, kinds = shippedKinds): void {
  addCommand(program, {
    usage: 'check',
    summary:
      'Send one canary per stream through everything and print what became of it at each hop. Exit 0 all delivered, 1 broken, 3 could not look.',
    examples: ['check --config logcanary.yaml', 'check --config logcanary.yaml --timeout 2m --json'],
  })
    .requiredOption('--config <file>', 'the configuration file')
    .option('--timeout <duration>', 'give up after this long, for example 90s (default: when every verdict is settled)')
    .option('--json', 'print JSON')
    .action(async (options: { config: string; timeout?: string; json?: boolean }) => {
      const known = await kinds();
      const config = await loadNamed(options.config, io, known);
      const timeoutMs = options.timeout === undefined ? undefined : await durationOf(options.timeout);
      const [{ checkOnce }, { silentLog }, { version }] = await Promise.all([
        import('../check-once.ts'),
        import('../lib/log.ts'),
        import('./version.ts'),
      ]);
      const outcome = await checkOnce({
        config,
        probes: known.probes,
        log: silentLog,
        version,
        signal: io.signal,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        progress: (open) => void io.stderr.write(`waiting for ${open} verdicts and readings\n`),
      });
      io.stdout.write(options.json ? `${JSON.stringify(outcome, null, 2)}\n` : tableOf(outcome));
      const code = exitCodeOf(outcome);
      if (code !== 0) throw new CommandExit(code);
    });
}

async function durationOf(text: string): Promise<number> {
  const { parseDuration } = await import('../lib/duration.ts');
  const parsed = parseDuration(text);
  if (!parsed.ok) throw new CommandExit(2, `--timeout: ${parsed.message}`);
  return parsed.value;
}

/** Broken beats blind; a late canary is broken: its deadline was missed. */
export function exitCodeOf({ hops, figures, problems }: CheckOutcome): ExitCode {
  const broken = hops.some((each) => brokenVerdicts.includes(each.verdict) && !behindBlind(each, hops));
  if (broken || figures.some(({ state }) => state === 'bad') || problems.length > 0) return 1;
  const blind = hops.some(({ verdict }) => verdict === 'unverifiable' || verdict === 'pending');
  if (blind || hops.length === 0 || figures.some(({ state }) => state === 'unread')) return 3;
  return 0;
}

const brokenVerdicts: readonly string[] = ['overdue', 'lost', 'delayed', 'withheld'];

/** What is missing behind a hop that could not be read may wait there: that is not known to be broken. */
function behindBlind(checked: CheckedHop, hops: readonly CheckedHop[]): boolean {
  const { pipeline, stream, after } = checked;
  const above = hops.find((each) => each.pipeline === pipeline && each.stream === stream && each.hop === after);
  if (above === undefined || checked.verdict === 'withheld') return false;
  return above.verdict === 'unverifiable' || above.verdict === 'pending' || behindBlind(above, hops);
}

function tableOf({ hops, figures, problems }: CheckOutcome): string {
  const rows = [
    ['STREAM', 'HOP', 'VERDICT', 'LATENCY'],
    ...hops.map((each) => [`${each.pipeline}/${each.stream}`, each.hop, each.verdict, latencyText(each)]),
    ...figures.map((each) => [`${each.pipeline}/${each.check}`, '', each.state, each.text]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, ...problems].map((line) => `${line}\n`).join('');
}

function latencyText({ latency, why }: CheckedHop): string {
  if (latency) return `${(latency.loMs / 1000).toFixed(1)}–${(latency.hiMs / 1000).toFixed(1)} s`;
  return why ?? '';
}
