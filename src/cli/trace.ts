import type { Command } from 'commander';
import type { TraceView } from '../core/trace.ts';
import { addCommand, type CliIo, CommandExit } from './command.ts';
import { loadNamed, shippedKinds } from './kinds.ts';

/** `trace`: what the ledger knows of one canary; works beside a running `run`. */
export function register(program: Command, io: CliIo, kinds = shippedKinds): void {
  addCommand(program, {
    usage: 'trace <token>',
    summary: 'Say what the ledger knows of one canary: when it went out and what became of it at each hop.',
    examples: ['trace --config logcanary.yaml lcn1…0', 'trace --config logcanary.yaml --json lcn1…0'],
  })
    .requiredOption('--config <file>', 'the configuration file')
    .option('--json', 'print JSON')
    .action(async (token: string, options: { config: string; json?: boolean }) => {
      const known = await kinds();
      const config = await loadNamed(options.config, io, known);
      const [{ traceOffline }, { traceJson }] = await Promise.all([import('../offline.ts'), import('../http/json.ts')]);
      const view = await traceOffline(config, token.trim());
      io.stdout.write(options.json ? `${JSON.stringify(traceJson(view), null, 2)}\n` : tableOf(view));
      if (view.state === 'malformed') throw new CommandExit(2, view.note ?? '');
      if (view.state !== 'known') throw new CommandExit(1);
    });
}

function tableOf(view: TraceView): string {
  if (view.state !== 'known') return `${view.state}: ${view.note ?? ''}\n`;
  const time = (at: number | undefined) => (at === undefined ? '' : new Date(at).toISOString());
  const rows: [string, string][] = [
    ['canary', `${view.pipeline}/${view.stream} #${view.seq} (${view.shape})`],
    ['planned', time(view.plannedAt)],
    ['emission', emissionText(view, time)],
    ...(view.hops ?? []).map(({ name, verdict }): [string, string] => [name, verdict]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}

function emissionText({ emission }: TraceView, time: (at: number | undefined) => string): string {
  if (!emission) return 'not kept any more';
  if (emission.state === 'unconfirmed') return 'unconfirmed: it may or may not have gone out';
  if (emission.state === 'withheld') return 'withheld: it did not go out';
  return `between ${time(emission.nb)} and ${time(emission.na)}`;
}
