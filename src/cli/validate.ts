import type { Command } from 'commander';
import { type Clock, createClock } from '../lib/clock.ts';
import { addCommand, type CliIo, CommandExit } from './command.ts';
import { loadNamed, shippedKinds } from './kinds.ts';

/** `validate`: says what was understood and what it can detect, or every fault of the file. */
export function register(program: Command, io: CliIo, kinds = shippedKinds, clock: Clock = createClock()): void {
  addCommand(program, {
    usage: 'validate',
    summary: 'Check a configuration: every fault at once, or what was understood and what it can detect.',
    examples: ['validate --config logcanary.yaml', 'validate --config logcanary.yaml --online'],
  })
    .requiredOption('--config <file>', 'the configuration file')
    .option('--online', 'also ask every target whether it is reachable and permits what is needed')
    .action(async (options: { config: string; online?: true }) => {
      const known = await kinds();
      const config = await loadNamed(options.config, io, known);
      const { describeConfig, noticesOf } = await import('../config/describe.ts');
      io.stdout.write(describeConfig(config, known.probes));
      for (const notice of noticesOf(config)) io.stderr.write(`notice: ${notice}\n`);
      if (!options.online) return;
      const { checkOnline } = await import('./online.ts');
      const code = await checkOnline(config, known.probes, { io, clock });
      if (code !== 0) throw new CommandExit(code);
    });
}
