import type { Command } from 'commander';
import { type Clock, createClock } from '../lib/clock.ts';
import { addCommand, type CliIo, CommandExit } from './command.ts';
import { loadNamed, shippedKinds } from './kinds.ts';
import { type Ask, askRunning } from './running.ts';

interface Matchers {
  readonly pipeline: string | null;
  readonly hop: string | null;
  readonly kind: string | null;
  readonly incident: string | null;
}

interface Silence {
  readonly id: string;
  readonly state: 'active' | 'expired';
  readonly matchers: Matchers;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly comment: string;
  readonly created_by: string;
}

interface AddOptions {
  readonly config: string;
  readonly for?: string;
  readonly until?: string;
  readonly pipeline?: string;
  readonly hop?: string;
  readonly kind?: string;
  readonly incident?: string;
  readonly reason: string;
  readonly by?: string;
}

/** `silence add|list|end`: speaks to the `run` that listens where the configuration says. */
export function register(program: Command, io: CliIo, kinds = shippedKinds, clock: Clock = createClock()): void {
  const group = program
    .command('silence')
    .description('Trouble that you know of: still measured and shown, but nobody is told. Every silence has an end.')
    .addHelpText(
      'before',
      'Examples:\n  logcanary silence add --config logcanary.yaml --incident inc-12 --for 2h --reason "disk ordered, OPS-12"\n  logcanary silence list --config logcanary.yaml\n',
    );
  const call = async (file: string, ask: Pick<Ask, 'method' | 'body'>, path = '') => {
    const config = await loadNamed(file, io, await kinds());
    return await askRunning({ config, clock, io }, { ...ask, path: `/silences${path}`, what: 'Silences' });
  };

  addCommand(group, {
    usage: 'add',
    summary: 'Silence one incident, or whatever is of a kind or at a place, from now on.',
    examples: [
      'silence add --config logcanary.yaml --incident inc-12 --for 2h --reason "disk ordered, OPS-12"',
      'silence add --config logcanary.yaml --pipeline prod --hop index --kind slow --until 2026-11-21T09:00:00+09:00 --reason "reindexing"',
    ],
  })
    .requiredOption('--config <file>', 'the configuration file')
    .requiredOption('--reason <text>', 'why, for everybody who asks')
    .option('--for <duration>', 'how long: 90m, 2h30m; 7d at most')
    .option('--until <time>', 'or when it ends: 2026-11-20T23:00:00+09:00')
    .option('--incident <id>', 'only this incident, and no longer than it is open')
    .option('--pipeline <name>', 'only this pipeline')
    .option('--hop <name>', 'only this hop or check')
    .option('--kind <kind>', 'only this kind of incident: slow, lossy, reading …')
    .option('--by <name>', 'who; default the environment variable USER')
    .action(async ({ config, ...options }: AddOptions) => {
      const silence = (await call(config, { method: 'POST', body: bodyOf(options, io) })) as Silence;
      io.stdout.write(`${lineOf(silence)}\n`);
    });

  addCommand(group, {
    usage: 'list',
    summary: 'Show silences that hold now, or all that are remembered.',
    examples: ['silence list --config logcanary.yaml', 'silence list --config logcanary.yaml --all --json'],
  })
    .requiredOption('--config <file>', 'the configuration file')
    .option('--all', 'those that are over, too')
    .option('--json', 'print JSON')
    .action(async (options: { config: string; all?: boolean; json?: boolean }) => {
      const { silences } = (await call(options.config, { method: 'GET' })) as { silences: Silence[] };
      const shown = silences.filter(({ state }) => options.all || state === 'active');
      io.stdout.write(options.json ? `${JSON.stringify(shown, null, 2)}\n` : tableOf(shown));
    });

  addCommand(group, {
    usage: 'end <id>',
    summary: 'End a silence now. What is still wrong then is told.',
    examples: ['silence end --config logcanary.yaml sil-3', 'silence end --config /etc/logcanary.yaml sil-12'],
  })
    .requiredOption('--config <file>', 'the configuration file')
    .action(async (id: string, options: { config: string }) => {
      await call(options.config, { method: 'DELETE' }, `/${encodeURIComponent(id)}`);
      io.stdout.write(`${id} is over.\n`);
    });
}

/** @throws CommandExit 2 where nobody says who it is */
function bodyOf({ reason, by, until, for: length, ...matchers }: Omit<AddOptions, 'config'>, { env }: CliIo): object {
  return { matchers, for: length, ends_at: until, comment: reason, created_by: authorOf(by, env) };
}

/** @throws CommandExit 2 */
export function authorOf(by: string | undefined, env: CliIo['env']): string {
  const author = by ?? env.USER;
  if (author === undefined || author.trim() === '') throw new CommandExit(2, 'Say who you are: --by NAME.');
  return author;
}

function tableOf(silences: readonly Silence[]): string {
  return silences.length === 0 ? 'nothing is silenced\n' : silences.map((each) => `${lineOf(each)}\n`).join('');
}

function lineOf({ id, state, matchers, ends_at, comment, created_by }: Silence): string {
  const { pipeline, hop, kind, incident } = matchers;
  const place = [pipeline ?? 'any pipeline', hop].filter((part) => part !== null).join('/');
  const what = [incident, kind ?? 'any kind', place].filter((part) => part !== null).join(' ');
  return `${id}  ${state.padEnd(7)}  ${what}  until ${ends_at}  ${created_by}: ${comment}`;
}
