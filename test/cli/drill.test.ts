/** `drill`, from here and by a running logcanary. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { register } from '../../src/cli/drill.ts';
import type { Drill } from '../../src/core/drill.ts';
import type { Arrival, Notification } from '../../src/core/notifier.ts';
import type { DrillingOptions } from '../../src/http/drill.ts';
import { createClock } from '../../src/lib/clock.ts';
import { NotifyError } from '../../src/lib/errors.ts';
import type { AnyNotifier } from '../../src/notify/definition.ts';
import { fakeNotifiers, fakeProbes } from '../config/fake-kinds.ts';
import { freePorts } from '../e2e/watching.ts';
import { secret, serve } from '../http/serving.ts';
import { runCli } from './run-cli.ts';

let cwd: string;
/** Nobody listens there. */
let nowhere: string;
beforeEach(async () => {
  const [port] = await freePorts(1);
  nowhere = `127.0.0.1:${port}`;
  cwd = mkdtempSync(join(tmpdir(), 'logcanary-drill-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function configure(more: object = {}): void {
  const pipeline = {
    name: 'prod',
    inject: [{ file: { path: '/tmp/a.log' }, every: '30s' }],
    hops: [{ name: 'index', webhook: {}, within: '30s' }],
  };
  const notify = [
    { pagerduty: { routing_key: '0123456789abcdef0123456789abcdef' }, fallback: 'backup' },
    { slack: { webhook_url: 'https://hooks.slack.example/services/T0/B0/x' }, name: 'backup', standby: true },
  ];
  writeFileSync(join(cwd, 'l.yaml'), stringify({ listen: nowhere, pipelines: [pipeline], notify, ...more }));
}

interface Channel {
  send?(notification: Notification): Promise<string | undefined>;
  prove?(): Promise<Arrival>;
}

function keptIn(sent: Notification[]) {
  return async (notification: Notification) => {
    sent.push(notification);
    return undefined;
  };
}

function drill(args: readonly string[], channel: Channel = {}, signal?: AbortSignal) {
  const { send = async () => undefined, prove } = channel;
  const notifiers: readonly AnyNotifier[] = fakeNotifiers.map((definition) => ({
    ...definition,
    open: (_, { name }) => ({ name, kind: definition.kind, send, ...(prove && { prove }) }),
  }));
  const kinds = () => Promise.resolve({ probes: fakeProbes, notifiers });
  const io = { cwd, env: { USER: 'aki' }, ...(signal && { signal }) };
  return runCli(
    ['drill', '--config', 'l.yaml', ...args],
    [(program, given) => register(program, given, kinds, createClock())],
    io,
  );
}

describe('given nobody that listens, when a drill is held', () => {
  it('then it is sent from here to all channels, those on standby too, and says that it is not recorded', async () => {
    configure({ http: { secret } });
    const sent: Notification[] = [];
    const { code, stdout, stderr } = await drill([], {
      send: keptIn(sent),
      prove: async () => ({ state: 'arrived', how: 'incident #1' }),
    });
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^CHANNEL +KIND +ACCEPTED +PROVEN +RESOLVED$/);
    expect(lines[1]).toMatch(/^pagerduty +pagerduty +\d\.\d s +\d\.\d s +yes +incident #1$/);
    expect(lines[2]).toMatch(/^backup +slack +\d\.\d s +\d\.\d s +yes +incident #1$/);
    expect(lines[3]).toBe('drill-by-hand by aki: 2 of 2 channels proven');
    expect(stderr).toContain(`No logcanary listens at ${nowhere}. Sending from here: this drill is not recorded.\n`);
    expect(stderr).toMatch(/^backup: accepted after \d\.\d s$/m);
    expect(stderr).toMatch(/^backup: proven after \d\.\d s: incident #1$/m);
    expect(stderr).toMatch(/^backup: resolved$/m);
    expect(sent.map(({ action, facts }) => `${action} ${facts.hop} ${facts.test}`).sort()).toEqual([
      'resolve backup true',
      'resolve pagerduty true',
      'trigger backup true',
      'trigger pagerduty true',
    ]);
  });

  it.each([
    ['one refuses it', { send: () => Promise.reject(new NotifyError('403 from pd.', { reason: 'auth' })) }, 1, 'NO'],
    [
      'it does not arrive',
      { prove: async () => ({ state: 'missing', why: 'no incident', final: true }) },
      1,
      'NOT THERE',
    ],
    [
      'it cannot be asked for',
      { prove: async () => ({ state: 'unprovable', why: 'queued only' }) },
      0,
      'cannot be proven',
    ],
    [
      'we cannot look',
      { prove: () => Promise.reject(new NotifyError('401.', { reason: 'auth' })) },
      3,
      'could not look',
    ],
  ] as const)('and %s, then the table and the code say so', async (_, channel, wanted, shown) => {
    configure();
    const { code, stdout, stderr } = await drill(['--notifier', 'pagerduty'], channel as Channel);
    expect({ code, rows: stdout.split('\n').length }).toEqual({ code: wanted, rows: 4 });
    expect(stdout).toContain(shown);
    expect(stderr).toContain('without http: { secret: … }. Sending from here');
  });

  it('as JSON, then it is what the API gives', async () => {
    configure();
    const { stdout } = await drill(['--json', '--notifier', 'backup']);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'good',
      channels: [{ notifier: 'backup', state: 'accepted', end: 'told' }],
    });
  });

  it('and it is interrupted, then the test incident is resolved, and the code is 1', async () => {
    configure();
    const stop = new AbortController();
    const sent: Notification[] = [];
    const prove = async (): Promise<Arrival> => {
      stop.abort(new DOMException('SIGINT', 'AbortError'));
      return { state: 'missing', why: 'queued' };
    };
    const send = keptIn(sent);
    const { code, stdout } = await drill(['--notifier', 'backup'], { send, prove }, stop.signal);
    expect([code, ...sent.map(({ action }) => action)]).toEqual([1, 'trigger', 'resolve']);
    expect(stdout).toContain('stopped');
  });
});

describe('given bad usage, when a drill is asked for', () => {
  it.each([
    [
      'an unknown channel',
      ['--notifier', 'pager'],
      'There is no notifier "pager" in l.yaml. It has: pagerduty, backup.',
    ],
    ['a time without a unit', ['--timeout', '60'], '--timeout:'],
    ['a time too long', ['--timeout', '1h'], '--timeout: write 1s to 10m.'],
    ['a hold too long', ['--hold', '1h'], '--hold: write'],
  ])('%s, then nothing is sent and the code is 2', async (_, args, said) => {
    configure();
    const sent: Notification[] = [];
    const { code, stderr } = await drill(args, { send: keptIn(sent) });
    expect({ code, sent }).toEqual({ code: 2, sent: [] });
    expect(stderr).toContain(said);
  });

  it('without any channel, then it says that nobody is told', async () => {
    configure({ notify: [] });
    expect(await drill([])).toMatchObject({ code: 2, stderr: expect.stringContaining('nobody is told of anything') });
  });
});

describe('given a logcanary that listens, when a drill is asked for', () => {
  const channel = { notifier: 'pagerduty', kind: 'pagerduty', state: 'sending', end: 'open' } as const;
  const begun: Drill = { id: 'drill-7', at: 0, by: 'aki', channels: [channel] };
  const proven = {
    ...channel,
    state: 'proven',
    acceptedMs: 400,
    provenMs: 2_100,
    why: 'incident #9',
    end: 'told',
  } as const;

  async function listening(steps: readonly Drill[], looked = () => {}) {
    const wanted: unknown[] = [];
    let looks = 0;
    const drilling: Omit<DrillingOptions, 'secret'> = {
      drills() {
        looked();
        return [steps[Math.min(looks++, steps.length - 1)] ?? begun];
      },
      names: () => ['pagerduty', 'backup'],
      async hold(plan) {
        wanted.push(plan);
        return steps.length === 0 ? undefined : begun;
      },
    };
    const { port } = await serve({ drilling });
    configure({ listen: `127.0.0.1:${port}`, http: { secret } });
    return wanted;
  }
  const refuse = { send: () => Promise.reject(new Error('nothing may be sent from here')) };

  it('then that one holds it, and its steps and its end are shown', async () => {
    const wanted = await listening([
      { ...begun, channels: [{ ...channel, state: 'proving', acceptedMs: 400 }] },
      { ...begun, channels: [proven], endedAt: 3_000 },
    ]);
    const { code, stdout, stderr } = await drill(['--timeout', '90s', '--notifier', 'pagerduty'], refuse);
    expect(code).toBe(0);
    expect(wanted).toEqual([{ by: 'aki', notifiers: ['pagerduty'], timeoutMs: 90_000, holdMs: 0 }]);
    expect(stdout).toContain('drill-7 by aki: 1 of 1 channels proven');
    expect(stderr).toBe(
      'The running logcanary holds drill-7.\npagerduty: accepted after 0.4 s\npagerduty: proven after 2.1 s: incident #9\npagerduty: resolved\n',
    );
  });

  it('and another one is under way, then its words are shown and nothing is sent from here', async () => {
    await listening([]);
    const { code, stderr } = await drill([], refuse);
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'Another drill is under way. Wait for its end.\n' });
  });

  it('directly, then it is sent from here', async () => {
    const wanted = await listening([begun]);
    const { code, stderr } = await drill(['--direct']);
    expect({ code, wanted }).toEqual({ code: 0, wanted: [] });
    expect(stderr).toContain('As asked (--direct). Sending from here');
  });

  it('and we are interrupted, then it says that it goes on there', async () => {
    const stop = new AbortController();
    await listening([begun], () => stop.abort(new DOMException('SIGINT', 'AbortError')));
    expect(await drill([], refuse, stop.signal)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('goes on in the running logcanary'),
    });
  });
});
