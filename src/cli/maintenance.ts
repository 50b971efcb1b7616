import type { Command } from 'commander';
import { type Clock, createClock } from '../lib/clock.ts';
import { addCommand, type CliIo } from './command.ts';
import { loadNamed, shippedKinds } from './kinds.ts';
import { type Ask, askRunning } from './running.ts';

interface Window {
  readonly id: string;
  readonly state: 'planned' | 'active' | 'over';
  readonly pipeline: string | null;
  readonly hop: string | null;
  readonly from: string;
  readonly until: string;
  readonly reason: string;
  readonly by: string;
}

interface StartOptions {
  readonly config: string;
  readonly for?: string;
  readonly until?: string;
  readonly from?: string;
  readonly pipeline?: string;
  readonly hop?: string;
  readonly reason: string;
  readonly by?: string;
}

/** `maintenance start|list|end`: speaks to the `run` that listens where the configuration says. */
export function register(program: Command, io: CliIo, kinds = shippedKinds, clock: Clock = createClock()): void {
  const group = program
    .command('maintenance')
    .description('Expected trouble: measured and recorded as ever, but nobody is paged. Every window has an end.')
    .addHelpText(
      'before',
      'Examples:\n  logcanary maintenance start --config logcanary.yaml --for 2h --reason "ES upgrade"\n  logcanary maintenance list --config logcanary.yaml\n',
    );
  const call = async (file: string, ask: Pick<Ask, 'method' | 'body'>, path = '') => {
    const config = await loadNamed(file, io, await kinds());
    return await askRunning(
      { config, clock, io },
      { ...ask, path: `/maintenance${path}`, what: 'Maintenance windows' },
    );
  };

  addCommand(group, {
    usage: 'start',
    summary: 'Begin a window now, or plan one.',
    examples: [
      'maintenance start --config logcanary.yaml --for 2h --pipeline prod --hop index --reason "ES upgrade"',
      'maintenance start --config logcanary.yaml --from 2026-11-21T01:00:00+09:00 --for 1h --reason "node rotation"',
    ],
  })
    .requiredOption('--config <file>', 'the configuration file')
    .requiredOption('--reason <text>', 'why, for everybody who asks')
    .option('--for <duration>', 'how long: 90m, 2h30m; 7d at most')
    .option('--until <time>', 'or when it ends: 2026-11-20T23:00:00+09:00')
    .option('--from <time>', 'when it begins; default now')
    .option('--pipeline <name>', 'only this pipeline; default all')
    .option('--hop <name>', 'only this hop or check of it')
    .option('--by <name>', 'who; default the environment variable USER')
    .action(async ({ config: file, by = io.env.USER, ...body }: StartOptions) => {
      const sent = { ...body, by: by ?? 'unknown' };
      const window = (await call(file, { method: 'POST', body: sent })) as Window;
      io.stdout.write(`${lineOf(window)}\n`);
    });

  addCommand(group, {
    usage: 'list',
    summary: 'Show windows that are planned or active, or all that are remembered.',
    examples: ['maintenance list --config logcanary.yaml', 'maintenance list --config logcanary.yaml --all --json'],
  })
    .requiredOption('--config <file>', 'the configuration file')
    .option('--all', 'those that are over, too')
    .option('--json', 'print JSON')
    .action(async (options: { config: string; all?: boolean; json?: boolean }) => {
      const { maintenance } = (await call(options.config, { method: 'GET' })) as { maintenance: Window[] };
      const shown = maintenance.filter(({ state }) => options.all || state !== 'over');
      io.stdout.write(options.json ? `${JSON.stringify(shown, null, 2)}\n` : tableOf(shown));
    });

  addCommand(group, {
    usage: 'end <id>',
    summary: 'End a window now. What is still wrong then is paged.',
    examples: ['maintenance end --config logcanary.yaml mw-3', 'maintenance end --config /etc/logcanary.yaml mw-12'],
  })
    .requiredOption('--config <file>', 'the configuration file')
    .action(async (id: string, options: { config: string }) => {
      await call(options.config, { method: 'DELETE' }, `/${encodeURIComponent(id)}`);
      io.stdout.write(`${id} is over.\n`);
    });
}

function tableOf(windows: readonly Window[]): string {
  return windows.length === 0
    ? 'no maintenance is planned or active\n'
    : windows.map((each) => `${lineOf(each)}\n`).join('');
}

function lineOf({ id, state, pipeline, hop, from, until, reason, by }: Window): string {
  const place = [pipeline ?? 'every pipeline', hop].filter((part) => part !== null).join('/');
  return `${id}  ${state.padEnd(7)}  ${place}  ${from} – ${until}  ${by}: ${reason}`;
}
