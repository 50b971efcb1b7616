import type { Command } from 'commander';
import { type Address, addressOf, shown, urlOf } from './address.ts';
import { addCommand, type CliIo } from './command.ts';
import { shippedKinds } from './kinds.ts';
import { levelOf } from './log-level.ts';
import { untilAborted } from './wait.ts';

interface Options {
  readonly listen?: string;
  readonly pageTo?: string;
  readonly dir?: string;
  readonly tour: boolean;
  readonly logLevel: string;
}

const usualListen = '127.0.0.1:9780';

/** `demo`: the sandbox and the watchdog in one process, and a tour that breaks and heals it. What `npm start` runs. */
export function register(program: Command, io: CliIo, kinds = shippedKinds): void {
  addCommand(program, {
    usage: 'demo',
    summary: 'Watch a local sandbox pipeline, see it break and heal. Runs until SIGTERM.',
    examples: ['demo', 'demo --no-tour --listen 127.0.0.1:9780 --page-to http://127.0.0.1:9999/pages'],
  })
    .option(
      '--listen <host:port>',
      `page, metrics, API and /sandbox/faults (default: ${usualListen}, or a free port if that is taken)`,
    )
    .option('--page-to <url>', 'where PagerDuty Events v2 JSON is POSTed exactly (default: shown here)')
    .option('--dir <dir>', 'keep logs, archive and ledger there (default: a temporary folder, removed at the end)')
    .option('--no-tour', 'do not break anything by itself')
    .option('--log-level <level>', 'debug, info, warn or error', 'error')
    .action(async (options: Options) => {
      const level = levelOf(options.logLevel);
      const wanted = options.listen === undefined ? undefined : addressOf('--listen', options.listen);
      const pageTo = options.pageTo === undefined ? undefined : urlOf('--page-to', options.pageTo);
      const [known, { startDemo }, { version }] = await Promise.all([
        kinds(),
        import('../demo/demo.ts'),
        import('./version.ts'),
      ]);
      const demo = await startDemo({
        listen: shown(await listenAt(wanted)),
        ...(pageTo && { pageTo }),
        ...(options.dir === undefined ? {} : { dir: options.dir }),
        cwd: io.cwd,
        env: io.env,
        level,
        stderr: io.stderr,
        version,
        signal: io.signal,
        ...known,
      });
      try {
        const { tell } = await import('../demo/tour.ts');
        await tell(demo, { out: io.stdout, colour: io.isTty, tour: options.tour, signal: io.signal });
        await untilAborted(io.signal);
      } finally {
        await demo.stop();
      }
    });
}

/** The usual port if it is free, so that the page is where the README says; else any. An address asked for is never changed. */
async function listenAt(wanted: Address | undefined): Promise<Address> {
  const address = wanted ?? addressOf('--listen', usualListen);
  if (wanted && wanted.port !== 0) return wanted;
  const { createServer } = await import('node:net');
  const tryPort = (port: number) =>
    new Promise<number | undefined>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(undefined));
      server.listen({ host: address.host, port }, () => {
        const bound = server.address();
        server.close(() => resolve(typeof bound === 'object' && bound ? bound.port : undefined));
      });
    });
  const port = (await tryPort(address.port)) ?? (await tryPort(0));
  return { host: address.host, port: port ?? address.port };
}
