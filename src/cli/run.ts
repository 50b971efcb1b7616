import type { Command } from 'commander';
import { addCommand, type CliIo } from './command.ts';
import { loadNamed, shippedKinds } from './kinds.ts';
import { untilAborted } from './wait.ts';

/** `run`: watches until it is told to stop. */
export function register(program: Command, io: CliIo, kinds = shippedKinds): void {
  addCommand(program, {
    usage: 'run',
    summary: 'Watch the pipelines of a configuration until SIGTERM: inject, look, judge, page, serve metrics and page.',
    examples: ['run --config logcanary.yaml', 'run --config /etc/logcanary/logcanary.yaml --log-level debug'],
  })
    .requiredOption('--config <file>', 'the configuration file')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .action(async (options: { config: string; logLevel: string }) => {
      const [known, { startApp }, { createLog }, { levelOf }, { version }] = await Promise.all([
        kinds(),
        import('../app.ts'),
        import('../telemetry/log.ts'),
        import('./log-level.ts'),
        import('./version.ts'),
      ]);
      const level = levelOf(options.logLevel);
      const config = await loadNamed(options.config, io, known);
      const log = createLog({ level, pretty: io.isTty, stream: io.stderr });
      const app = await startApp({ config, ...known, log, version });
      try {
        io.stderr.write(
          `logcanary ${version} watches ${config.pipelines.map((each) => each.name).join(', ')}: ${app.url}/\n`,
        );
        await untilAborted(io.signal);
      } finally {
        await app.stop();
      }
    });
}
