/**
 * A real emitter: the scripts of deploy/kubernetes under real busybox, laid out as the kubelet mounts them, its stdout kept as the
 * container's log. Where the machine allows it, it is process 1 of its own and nobody's user, as in a pod.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { createClock } from '../../../src/lib/clock.ts';
import { installBusybox } from '../install/busybox-package.ts';
import { type Answer, answerOf, bodyOf, post } from './emitter-call.ts';

export const emitterSecret = 'only-for-this-test-0123456789';
const scripts = path.resolve(import.meta.dirname, '../../../deploy/kubernetes/base/emitter');
/** As in the DaemonSet. */
const nobody = 65_532;

export interface EmitterOptions {
  /** Its own folder. Start in the same one again, and it is the same pod with a new container. */
  readonly dir: string;
  /** `linked` can be lied to by libfaketime. Default `alone`. */
  readonly build?: 'alone' | 'linked';
  readonly env?: Readonly<Record<string, string>>;
  /** The folder of the state is in memory and holds no more than this. Calls by `exec` do not see it. */
  readonly stateBytes?: number;
  /** Whoever keeps the container's log beside us. */
  readonly onLog?: (chunk: Buffer) => void;
}

export interface Emitter {
  readonly port: number;
  /** Of the first process, on this machine. */
  readonly pid: number;
  readonly state: string;
  /** In which libfaketime looks for what to pretend, for `linked`: `-1d`. */
  readonly pretend: string;
  /** What came out on stdout so far. */
  log(): Buffer;
  /** Whole lines of it without the banner; a canary's inner lines are lines of their own. */
  lines(): string[];
  errors(): string;
  call(body: string | Buffer): Promise<Answer>;
  /** The same by `exec`: the script's stdin is left open, as an API server leaves it. */
  exec(body: string | Buffer): Promise<Answer>;
  /** Whoever reads the container's log stops, and goes on. */
  pauseLog(): void;
  resumeLog(): void;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  /** As when the kubelet ends the container: SIGTERM to the first process. */
  stop(): Promise<void>;
  /** As when the container dies: everything in it is gone at once. */
  kill(): Promise<void>;
}

const banner = 10;
const startMs = 15_000;
const clock = createClock();

export async function startEmitter(options: EmitterOptions): Promise<Emitter> {
  const place = await layOut(options.dir, options.build ?? 'alone');
  const port = await freePort();
  const env = { ...place.env, EMITTER_LISTEN: `127.0.0.1:${port}`, ...options.env };
  const [command = '', ...args] = [...container(place, options.stateBytes), path.join(place.home, 'serve')];
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  if (options.onLog !== undefined) child.stdout?.on('data', options.onLog);
  const emitter = emitterOf(child, port, place);
  const deadline = clock.monotonicMs() + startMs;
  for (;;) {
    const answer = await emitter.call(bodyOf({ secret: emitterSecret, instance: 'first', batch: 0 })).catch(() => {});
    if (answer?.word === 'ok') return emitter;
    if (child.exitCode !== null || clock.monotonicMs() > deadline)
      throw new Error(`The emitter did not start (exit code ${child.exitCode}): ${emitter.errors()}`);
    await clock.sleep(20);
  }
}

interface Place {
  readonly home: string;
  readonly state: string;
  readonly pretend: string;
  /** libfaketime, if it is to be loaded. */
  readonly library?: string;
  readonly env: Readonly<Record<string, string>>;
}

function emitterOf(child: ChildProcess, port: number, { env, home, state, pretend }: Place): Emitter {
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const pid = () => childOf(child.pid ?? 0);
  return {
    port,
    get pid() {
      return pid();
    },
    state,
    pretend,
    log: () => Buffer.concat(chunks),
    lines: () => Buffer.concat(chunks).toString('utf8').split('\n').slice(banner, -1),
    errors: () => errors,
    call: async (body) => answerOf(await post(port, body)),
    async exec(body) {
      const [command = '', ...args] = [...user(), path.join(home, 'cgi-bin/emit')];
      const run = execFile(command, args, { env });
      const text = collect(run);
      run.stdin?.on('error', () => {}).write(body);
      return answerOf(await text);
    },
    pauseLog: () => void child.stdout?.pause(),
    resumeLog: () => void child.stdout?.resume(),
    ended,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) process.kill(pid(), 'SIGTERM');
      await ended;
    },
    async kill() {
      if (child.exitCode === null && child.signalCode === null) {
        process.kill(pid(), 'SIGKILL');
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      }
      await ended;
    },
  };
}

async function collect(run: ChildProcess): Promise<string> {
  let text = '';
  for (const stream of [run.stdout, run.stderr])
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  await once(run, 'close');
  return text;
}

/** Everything read-only but the state, as in the pod. The shell is named in the scripts' first line, and has to be busybox's. */
async function layOut(dir: string, build: 'alone' | 'linked'): Promise<Place> {
  const bin = path.join(dir, 'bin');
  const home = path.join(dir, 'emitter');
  const state = path.join(dir, 'state');
  await chmod(path.dirname(dir), 0o755);
  await mkdir(state, { recursive: true });
  if (process.getuid?.() === 0) await chown(state, nobody, nobody);
  await rm(bin, { recursive: true, force: true });
  await mkdir(bin);
  const busybox = path.join(bin, 'busybox');
  const installed = await installBusybox((text) => process.stderr.write(`${text}\n`));
  await copyFile(installed[build], busybox);
  const { stdout } = await promisify(execFile)(busybox, ['--list']);
  for (const name of stdout.trim().split('\n')) if (name !== 'busybox') await symlink('busybox', path.join(bin, name));
  await rm(home, { recursive: true, force: true });
  await mkdir(path.join(home, '..data/cgi-bin'), { recursive: true });
  for (const [from, to] of [
    ['serve', 'serve'],
    ['emit', 'cgi-bin/emit'],
  ] as const) {
    const text = await readFile(path.join(scripts, from), 'utf8');
    await writeFile(path.join(home, '..data', to), text.replace('#!/bin/sh', `#!${bin}/sh`), { mode: 0o555 });
  }
  for (const name of ['serve', 'cgi-bin']) await symlink(`..data/${name}`, path.join(home, name));
  const secret = path.join(dir, 'secret');
  await writeFile(secret, `${emitterSecret}\n`);
  const env = { PATH: bin, EMITTER_STATE: state, EMITTER_HOME: home, EMITTER_SECRET: secret };
  if (build === 'alone') return { home, state, env, pretend: '' };
  const [library, pretend] = [path.join(dir, 'faketime.so'), path.join(dir, 'pretend')];
  await copyFile(installed.faketime, library);
  await writeFile(pretend, '+0');
  // the real kernel does not let anybody set the monotonic clock either
  const faked = { FAKETIME_TIMESTAMP_FILE: pretend, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  return { home, state, env: { ...env, ...faked }, pretend, library };
}

/** What starts the first process: its own process numbers, so that all ends with it, and nobody's user. */
function container({ state, library }: Place, stateBytes: number | undefined): readonly string[] {
  const root = process.getuid?.() === 0;
  const apart = [
    '/usr/bin/unshare',
    ...(root ? [] : ['--map-root-user']),
    '--pid',
    '--mount',
    '--fork',
    '--kill-child',
  ];
  const [command = '', ...args] = apart;
  const may = spawnSync(command, [...args, '/bin/true']).status === 0;
  const small = `/bin/mount -t tmpfs -o size=${stateBytes},mode=0777 tmpfs '${state}' && exec "$@"`;
  const memory = stateBytes === undefined ? [] : ['/bin/sh', '-c', small, 'sh'];
  // not earlier: what one user has begun with libfaketime, another cannot go on with
  const loaded = library === undefined ? [] : ['/usr/bin/env', `LD_PRELOAD=${library}`];
  return ['/usr/bin/setpriv', '--pdeathsig', 'KILL', ...(may ? apart : []), ...memory, ...user(), ...loaded];
}

/** As a pod's processes are started, the ones of `exec` too. */
function user(): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  return ['/usr/bin/setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
}

/** The process that `unshare` has started, or the process itself. */
function childOf(pid: number): number {
  const { stdout } = spawnSync('ps', ['-o', 'pid=,comm=', '--ppid', String(pid)], { encoding: 'utf8' });
  const own = spawnSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return own === 'unshare' ? Number.parseInt(stdout.trim(), 10) : pid;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
