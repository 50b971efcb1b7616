/** The loop that asks peers: whatever answers, the engine hears either a report that is meant, or why there is none. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PeerReport } from '../src/core/peer.ts';
import type { PeerSpec } from '../src/core/pipeline.ts';
import type { Event } from '../src/engine/event.ts';
import { createHttpServer } from '../src/http/server.ts';
import { type Clock, createClock } from '../src/lib/clock.ts';
import { silentLog } from '../src/lib/log.ts';
import { watchPeers } from '../src/peer-watch.ts';
import {
  answeringMisbehaviours,
  floodingMisbehaviours,
  type HostileServer,
  stallingMisbehaviours,
  startHostileServer,
} from './fakes/hostile-server.ts';
import { healthyStatus } from './http/sample-status.ts';

const secret = 'correct-horse-battery';
const window = { id: 'mw-1', from: 0, until: 9e12, reason: 'x', by: 'y' };
const report: PeerReport = {
  ...{ deployment: 'd', instance: 'i', startedAt: 0, healthy: true, terms: {}, channels: {}, hears: [], open: [] },
  ...{ taken: [], maintenance: [window], silences: [] },
};

const real = createClock();
/** Its seconds are short. */
const quick: Clock = {
  ...real,
  sleep: (ms, signal) => real.sleep(ms / 100, signal),
  deadline: (ms, signal) => real.deadline(ms / 25, signal),
};

type Heard = Extract<Event, { type: 'peer-heard' | 'peer-missed' }>;

/** What the engine is told, from the first to the last. */
async function hear(peer: Omit<PeerSpec, 'name'>, times = 1): Promise<Heard[]> {
  const stop = new AbortController();
  const events: Heard[] = [];
  const submit = async (event: Event) => {
    events.push(event as Heard);
    if (events.length >= times) stop.abort();
  };
  const peers = [{ name: 'b', ...peer }];
  await watchPeers({ peers, clock: quick, log: silentLog, signal: stop.signal, submit });
  return events;
}

async function serving(given: string | undefined, work: (url: string) => Promise<void>): Promise<void> {
  const server = await createHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    ...(given === undefined ? {} : { secret: given }),
    status: healthyStatus,
    trace: async () => ({ state: 'known' }),
    hook: async () => ({ accepted: true, known: true, found: 0 }),
    ping: async () => true,
    peer: () => report,
    build: { version: '0', configHash: '' },
    log: silentLog,
    clock: real,
  });
  await work(server.url).finally(() => server.close());
}

describe('given a logcanary', () => {
  test('when both have the same secret, then all that it says is heard, again and again', () =>
    serving(secret, async (url) => {
      const heard = { type: 'peer-heard', name: 'b', report };
      expect(await hear({ url, secret }, 3)).toEqual([heard, heard, heard]);
    }));

  test('when nobody has a secret, then it is heard, but no maintenance: nobody can have set one', () =>
    serving(undefined, async (url) => {
      expect(await hear({ url })).toEqual([{ type: 'peer-heard', name: 'b', report: { ...report, maintenance: [] } }]);
    }));

  test('when its secret is another one, or it has none, then it is not heard, and it says what to do', async () => {
    for (const theirs of ['another-horse-battery', undefined]) {
      await serving(theirs, async (url) => {
        const [event] = await hear({ url, secret });
        expect(event).toMatchObject({ type: 'peer-missed', why: expect.stringContaining('same http.secret') });
        expect(JSON.stringify(event)).not.toContain('horse');
      });
    }
  });

  test('when it stands behind a proxy in a folder, then it is asked there', () =>
    serving(secret, async (url) => {
      const [event] = await hear({ url: `${url}/logcanary-b/`, secret });
      expect(event).toMatchObject({ type: 'peer-missed', why: expect.stringContaining('HTTP 404') });
    }));
});

describe('given something else', () => {
  let hostile: HostileServer;
  beforeAll(async () => {
    hostile = await startHostileServer();
  });
  afterAll(() => hostile.stop());

  test.each([...answeringMisbehaviours, ...floodingMisbehaviours, ...stallingMisbehaviours])(
    'when it answers with %s, then it is missed, within its time',
    async (how) => {
      for (const given of [{}, { secret }]) {
        hostile.misbehave(how);
        const [event] = await hear({ url: hostile.url, ...given });
        expect(event).toMatchObject({
          type: 'peer-missed',
          name: 'b',
          why: expect.stringMatching(/127\.0\.0\.1|signed/),
        });
        expect(hostile.trapped).toBe(0);
      }
    },
  );

  test('when nothing listens there, then it is missed', async () => {
    const [event] = await hear({ url: hostile.refusingUrl });
    expect(event).toMatchObject({ type: 'peer-missed', why: expect.stringContaining('127.0.0.1') });
  });
});
