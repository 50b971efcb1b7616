/** The pipeline of a soak, in memory: it keeps a line only while that is under way, so that all growth is the watchdog's. */
import type { Ports } from '../../src/engine/performing.ts';
import type { Clock, EpochMs } from '../../src/lib/clock.ts';
import { ProbeError } from '../../src/lib/errors.ts';
import type { Emission, Find, Injector, Observer } from '../../src/probe.ts';

interface Line {
  readonly token: string;
  readonly text: string;
  readonly dueAt: EpochMs;
}

/** A place, what comes before it, and how long a line takes from there, ms. */
const places = [
  { name: 'stream', takesMs: 300 },
  { name: 'index', after: 'stream', takesMs: 1_000 },
  { name: 'archive', after: 'stream', takesMs: 4_000 },
  { name: 'alert', after: 'index', takesMs: 700 },
] as const;
type Place = (typeof places)[number]['name'];

export const soakFaults = [
  { name: 'consumer-stopped', stops: 'index', tells: 'stopped@index' },
  { name: 'index-down', hides: 'index', tells: 'unreadable@index' },
  { name: 'agent-stopped', stops: 'stream', tells: 'stopped@stream' },
  { name: 'agent-drops', drops: 'stream', tells: 'lossy@stream' },
  { name: 'archive-stopped', stops: 'archive', tells: 'stopped@archive' },
  { name: 'stream-down', hides: 'stream', tells: 'unreadable@stream' },
] as const;
export type SoakFault = (typeof soakFaults)[number];

/** `agent-drops`: every so many-th line. */
const dropsEvery = 3;

export interface SoakPipeline {
  readonly ports: Pick<Ports, 'injector' | 'observer'>;
  fault: SoakFault | undefined;
  /** Moves lines on; those that reached the alerter, for its hook. */
  advance(): string[];
  readonly injected: number;
}

export function createSoakPipeline(clock: Clock): SoakPipeline {
  const coming = new Map<Place, Line[]>(places.map(({ name }) => [name, []]));
  const arrived = new Map<Place, Line[]>(places.map(({ name }) => [name, []]));
  const queue = (of: Map<Place, Line[]>, place: Place): Line[] => of.get(place) ?? [];
  let injected = 0;
  let fault: SoakFault | undefined;

  const send = (from: Place | undefined, line: Pick<Line, 'token' | 'text'>) => {
    for (const place of places)
      if (('after' in place ? place.after : undefined) === from)
        queue(coming, place.name).push({ ...line, dueAt: clock.now() + place.takesMs });
  };
  const move = (place: Place) => {
    if (fault && 'stops' in fault && fault.stops === place) return;
    const waiting = queue(coming, place);
    const due = waiting.findIndex(({ dueAt }) => dueAt > clock.now());
    for (const line of waiting.splice(0, due < 0 ? waiting.length : due)) {
      queue(arrived, place).push(line);
      send(place, line);
    }
  };
  const take = (place: Place) => arrived.get(place)?.splice(0) ?? [];

  const injectorOf = (name: string): Injector => ({
    streams: async () => [{ key: name, name, labels: { node: name } }],
    async inject(lines) {
      return lines.map(({ text, seq }): Emission => {
        injected += 1;
        const dropped = fault && 'drops' in fault && seq % dropsEvery === 0;
        if (!dropped) send(undefined, { token: text.slice(10, 62), text });
        return { state: 'emitted', nb: clock.now() - 3, na: clock.now() + 2 };
      });
    },
    close: async () => {},
  });
  const observerOf = (name: string): Observer => ({
    mode: name === 'alert' ? 'push' : 'poll',
    finds: 'unique',
    async observe() {
      if (fault && 'hides' in fault && fault.hides === name)
        throw new ProbeError(`The ${name} is down.`, { reason: 'server_error', retryable: true });
      const place = places.find((each) => each.name === name)?.name;
      const finds = name === 'alert' || !place ? [] : take(place).map(({ token }): Find => ({ token, kind: 'line' }));
      return { coverage: 'complete', finds, cursor: String(clock.now()) };
    },
    close: async () => {},
  });

  return {
    ports: { injector: ({ spec }) => injectorOf(spec.name), observer: ({ spec }) => observerOf(spec.name) },
    advance() {
      for (const { name } of places) move(name);
      return take('alert').map(({ text }) => text);
    },
    get fault() {
      return fault;
    },
    set fault(next) {
      fault = next;
    },
    get injected() {
      return injected;
    },
  };
}
