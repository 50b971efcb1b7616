/** How `check` hears of canaries that come back by hook: it listens itself, or asks the `run` that does. */
import { request } from 'undici';
import { verdictOfCode } from './core/block.ts';
import type { Find } from './core/find.ts';
import type { Config } from './core/pipeline.ts';
import { tokenOf } from './engine/injecting.ts';
import type { Runtime } from './engine/runtime.ts';
import type { EngineState } from './engine/state.ts';
import { codeAt } from './engine/track.ts';
import { viewOf } from './engine/view.ts';
import { scanHook } from './http/hooks.ts';
import { createHttpServer, ListenError } from './http/server.ts';
import type { Clock } from './lib/clock.ts';
import type { Log } from './lib/log.ts';

export interface HookOptions {
  readonly config: Config;
  readonly log: Log;
  readonly version: string;
  readonly signal: AbortSignal;
}

/** Hooks come to our own address; when a `run` listens there, it is asked what came to it. */
export async function receiveHooks(
  options: HookOptions,
  state: EngineState,
  runtime: Runtime,
  clock: Clock,
): Promise<{ poll(): Promise<void>; close(): Promise<void> }> {
  const idle = { poll: async () => undefined, close: async () => undefined };
  const push = state.pipelines.flatMap((pipeline) =>
    pipeline.hops.filter((hop) => hop.mode === 'push').map((hop) => hop.spec.name),
  );
  if (push.length === 0) return idle;
  const { config, log, version } = options;
  try {
    const http = await createHttpServer({
      listen: config.listen,
      ...(config.http.secret === undefined ? {} : { secret: config.http.secret }),
      status: () => viewOf(state, { ok: true, problems: [] }),
      trace: async () => ({ state: 'foreign', note: 'This is logcanary check, not run.' }),
      async hook(name, bytes) {
        const { finds, ...answer } = scanHook(bytes);
        if (push.includes(name)) await runtime.submit({ type: 'hooked', hop: name, finds });
        return { accepted: true, known: push.includes(name), ...answer };
      },
      ping: async () => false,
      build: { version, configHash: config.hash },
      log,
      clock,
    });
    return { poll: async () => undefined, close: () => http.close() };
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    return { poll: () => askRun(options, state, runtime, clock), close: async () => undefined };
  }
}

async function askRun(
  { config, signal }: HookOptions,
  state: EngineState,
  runtime: Runtime,
  clock: Clock,
): Promise<void> {
  const { host, port } = config.listen;
  const at = `http://${host.includes(':') ? `[${host}]` : host}:${port}/api/v1/canaries/`;
  for (const stream of state.streamsByNumber.values()) {
    const token = stream.nextSeq > 0 ? tokenOf(state, stream, 0) : undefined;
    const waiting = stream.tracks.filter(
      (track) => track.hop.mode === 'push' && verdictOfCode(codeAt(track, 0) ?? 0) === 'pending',
    );
    if (token === undefined || waiting.length === 0) continue;
    for (const hop of await hooksOf(`${at}${token}`, clock, signal)) {
      const finds: Find[] = [{ token, kind: 'line' }];
      await runtime.submit({ type: 'hooked', hop, finds });
    }
  }
}

/** Whatever the other process says wrong is no sighting. */
async function hooksOf(url: string, clock: Clock, signal: AbortSignal): Promise<readonly string[]> {
  const deadline = clock.deadline(2_000, signal);
  try {
    const answer = await request(url, { signal: deadline.signal });
    const body: unknown = await answer.body.json();
    const hooks = typeof body === 'object' && body !== null && 'seen_at_hooks' in body ? body.seen_at_hooks : [];
    return Array.isArray(hooks) ? hooks.map(String) : [];
  } catch {
    return [];
  } finally {
    deadline.clear();
  }
}
