import type { Command } from 'commander';
import { type Clock, createClock } from '../lib/clock.ts';
import { addCommand, type CliIo } from './command.ts';
import { loadNamed, shippedKinds } from './kinds.ts';
import { askRunning } from './running.ts';
import { authorOf } from './silence.ts';

interface NoteOptions {
  readonly config: string;
  readonly by?: string;
  readonly cause?: string;
  readonly remediation?: string;
  readonly ticket?: string;
}

/** `note`: speaks to the `run` that listens where the configuration says. */
export function register(program: Command, io: CliIo, kinds = shippedKinds, clock: Clock = createClock()): void {
  addCommand(program, {
    usage: 'note <incident>',
    summary:
      'Write down what you found out about an incident: for those who look at it, and for the report. Pages nobody.',
    examples: [
      'note --config logcanary.yaml inc-12 --cause "flood stage on es-data-1" --ticket OPS-12',
      'note --config logcanary.yaml inc-12 --remediation "added a node" --ticket https://tickets.example/OPS-12',
    ],
  })
    .requiredOption('--config <file>', 'the configuration file')
    .option('--by <name>', 'who; default the environment variable USER')
    .option('--cause <text>', 'what it was')
    .option('--remediation <text>', 'what was done about it')
    .option('--ticket <id>', 'an address, or a short id such as OPS-12')
    .action(async (incident: string, { config: file, by, ...said }: NoteOptions) => {
      const config = await loadNamed(file, io, await kinds());
      const path = `/incidents/${encodeURIComponent(incident)}/notes`;
      const body = { ...said, by: authorOf(by, io.env) };
      await askRunning({ config, clock, io }, { method: 'POST', path, body, what: 'Notes' });
      io.stdout.write(`The note is kept with ${incident}.\n`);
    });
}
