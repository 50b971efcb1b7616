/** The loops around `step`: what is carried out, told and retried, and when, against a ledger and ports that misbehave. */
import { afterEach, describe, expect, test } from 'vitest';
import { emission } from '../../src/core/block.ts';
import type { Event } from '../../src/engine/event.ts';
import { emissionAt } from '../../src/engine/track.ts';
import { createClock } from '../../src/lib/clock.ts';
import { NotifyError, ProbeError } from '../../src/lib/errors.ts';
import { startOfTime } from './harness.ts';
import { granted, hopOf, rigOf, running, stopRigs, streamOf, until } from './runtime-rig.ts';

afterEach(stopRigs);

describe('given a commit that takes its time', () => {
  test('when canaries were granted in it, then they go out only once it is done, and each once', async () => {
    const rig = await rigOf();
    rig.acts.inject = async (lines) => {
      expect(granted(rig)).toBeGreaterThan(Math.max(...lines.map(({ seq }) => seq)));
      return lines.map(() => ({ state: 'emitted', nb: startOfTime, na: startOfTime }));
    };
    rig.ledger.held = true;
    rig.runtime.start();
    await until(() => rig.ledger.tried.length > 0);
    for (let commits = 0; commits < 40; commits++) {
      const tried = rig.ledger.tried.length;
      rig.ledger.release();
      rig.ledger.held = true;
      await until(() => rig.ledger.tried.length > tried);
    }
    expect(rig.written.length).toBeGreaterThan(3);
    expect(rig.written.map(({ seq }) => seq)).toEqual(rig.written.map((_, at) => at));
    expect([...(streamOf(rig)?.emission.get(0)?.states ?? [])]).toContain(emission.emitted);
  });

  test('when an event comes from outside, then its sender hears back after it', async () => {
    const rig = await rigOf();
    rig.ledger.held = true;
    let answered = false;
    const answer = rig.runtime.submit({ type: 'pinged', name: 'cron' }).then(() => {
      answered = true;
    });
    await until(() => rig.ledger.tried.length === 1);
    expect([answered, rig.ledger.inner.image().rows.ping]).toEqual([false, []]);
    rig.ledger.release();
    await answer;
    expect(rig.ledger.inner.image().rows.ping).toHaveLength(1);
  });
});

describe('given a ledger that refuses', () => {
  test('when it takes writes again, then the same changes are in, and its failure and recovery were told once each', async () => {
    const rig = await running();
    for (let i = 0; i < 3; i++) rig.ledger.inner.failNextCommit();
    await until(() => rig.heard.length > 0);
    expect(rig.runtime.ledgerError?.reason).toBe('disk_full');
    await until(() => rig.heard.length > 1);
    expect(rig.heard.map((error) => error?.reason)).toEqual(['disk_full', undefined]);
    expect(rig.runtime.ledgerError).toBeUndefined();
    const failed = rig.ledger.tried.filter((changes, at) => rig.ledger.tried.indexOf(changes) !== at);
    expect(failed).toHaveLength(3);
    await until(() => granted(rig) > 20);
  });

  test('when it goes on refusing, then nothing new is begun, and what was submitted is not answered', async () => {
    const rig = await running();
    for (let i = 0; i < 1_000; i++) rig.ledger.inner.failNextCommit();
    await until(() => rig.heard.length > 0);
    rig.time.wallOffset = 3_600_000;
    let answered = false;
    void rig.runtime.submit({ type: 'pinged', name: 'cron' }).then(() => {
      answered = true;
    });
    const tried = rig.ledger.tried.length;
    await until(() => rig.ledger.tried.length > tried + 40);
    expect(rig.state.open.size).toBe(0);
    expect(answered).toBe(false);
    expect(rig.heard).toHaveLength(1);
  });
});

describe('given a call that fails', () => {
  test('when lines were handed over, then their emission is unconfirmed: nothing is known of them', async () => {
    const rig = await rigOf();
    rig.acts.inject = () => Promise.reject(new Error('the pipe broke'));
    rig.runtime.start();
    await until(() => (streamOf(rig)?.failedInRow ?? 0) > 1);
    const stream = streamOf(rig);
    expect(stream && emissionAt(stream, 0)?.state).toBe(emission.unconfirmed);
    expect(stream?.lastFailure).toBe('the pipe broke');
  });

  test('when a look throws what no probe may throw, then it failed for a reason on our side, and the next one follows', async () => {
    const rig = await running();
    rig.acts.look = () => Promise.reject(new TypeError('undefined is no function'));
    await until(() => hopOf(rig)?.looks.at(-1)?.reason === 'internal');
    expect(hopOf(rig)?.looks.at(-1)).toMatchObject({ coverage: 'failed', why: 'undefined is no function' });
    rig.acts.look = async () => ({ coverage: 'complete', finds: [] });
    await until(() => hopOf(rig)?.looks.at(-1)?.coverage === 'complete');
  });

  test('when a look does not end by its time-out, then it is given up, failed, and the next one follows', async () => {
    const rig = await running(30);
    rig.acts.look = (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
    await until(() => hopOf(rig)?.looks.filter((look) => look.reason === 'timeout').length === 2);
    expect(hopOf(rig)?.looks.at(-1)).toMatchObject({ coverage: 'failed', why: 'No answer within 0.03 s.' });
  });

  test('when streams cannot be listed, then the known ones stay', async () => {
    const rig = await running();
    const injector = rig.state.pipelines[0]?.injectors[0];
    rig.acts.list = () => Promise.reject(new ProbeError('Cannot list', { reason: 'server_error' }));
    if (injector) injector.nextListAt = 0;
    await until(() => injector?.listFailures === 1);
    expect(streamOf(rig)?.listed).toBe(true);
  });

  test('when a check fails, then there is no figure, and why is known', async () => {
    const rig = await running();
    const check = rig.state.pipelines[0]?.checks[0];
    await until(() => check?.result !== undefined);
    rig.acts.check = () => Promise.reject(new ProbeError('Cannot read', { reason: 'auth' }));
    await until(() => (check?.failures ?? 0) > 1);
    expect(check?.lastError).toEqual({ reason: 'auth', message: 'Cannot read' });
  });

  test('when a channel did not take a notification, then it waits for its next try', async () => {
    const rig = await running();
    rig.acts.send = () => Promise.reject(new NotifyError('HTTP 500', { reason: 'server_error', retryable: true }));
    rig.time.wallOffset = 3_600_000;
    await until(() => [...rig.state.outbox.values()].some(({ row }) => row.attempts > 0));
    const [entry] = rig.state.outbox.values();
    expect(entry?.row).toMatchObject({ notifier: 'chat', state: 'waiting', attempts: 1, lastError: 'HTTP 500' });
  });

  test('when all calls are over, then no deadline of theirs runs on', async () => {
    const rig = await running();
    await until(() => rig.written.length > 5);
    await rig.runtime.stop();
    expect(rig.time.deadlines).toBe(0);
  });
});

describe('given a stop', () => {
  test('when a call is under way, then its outcome is still committed, and nothing new is begun', async () => {
    const rig = await running();
    let finish = () => {};
    rig.acts.inject = (lines, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        finish = () => resolve(lines.map(() => ({ state: 'emitted', nb: startOfTime, na: startOfTime })));
      });
    const before = rig.written.length;
    await until(() => rig.written.length > before);
    const handedOver = rig.written.length;
    const stopping = rig.runtime.stop();
    // Turns of the loop, in which an impatient stop would have given the call up.
    for (let turn = 0; turn < 20; turn++) await createClock().sleep(0);
    finish();
    await stopping;
    const last = rig.written.at(-1)?.seq ?? -1;
    expect(rig.written.length).toBe(handedOver);
    const stream = streamOf(rig);
    expect(stream && emissionAt(stream, last)?.state).toBe(emission.emitted);
    expect(granted(rig)).toBe(last + 1);
    expect(rig.ledger.tried.at(-1)?.some((change) => change.table === 'emission')).toBe(true);
  });

  test('when a commit is under way, then the stop is over only after it', async () => {
    const rig = await running();
    rig.ledger.held = true;
    const { commits } = rig.ledger.inner;
    const tried = rig.ledger.tried.length;
    await until(() => rig.ledger.tried.length > tried);
    let over = false;
    const stopping = rig.runtime.stop().then(() => {
      over = true;
    });
    for (let turn = 0; turn < 20; turn++) await createClock().sleep(0);
    expect(over).toBe(false);
    rig.ledger.release();
    await stopping;
    expect(rig.ledger.inner.commits).toBeGreaterThan(commits);
    expect(rig.ledger.inner.commits).toBe(rig.ledger.tried.length);
  });

  test('when an event comes afterwards, then its sender is told to send it again', async () => {
    const rig = await running();
    await rig.runtime.stop();
    await expect(rig.runtime.submit({ type: 'pinged', name: 'cron' })).rejects.toThrow('send it again');
  });
});

test('given a bug of our own in judging, when it strikes, then that is told as a failure for good, and nothing is written any more', async () => {
  const rig = await running();
  rig.ledger.held = true;
  const before = rig.ledger.tried.length;
  await until(() => rig.ledger.tried.length > before);
  void rig.runtime.submit({ type: 'checked' } as Event);
  await until(() => rig.heard.length > 0);
  rig.ledger.release();
  expect(rig.heard[0]).toMatchObject({ reason: 'internal' });
  expect(rig.heard[0]?.message).toContain('because of a bug of its own (checked)');
  await until(() => rig.ledger.inner.commits === rig.ledger.tried.length);
  const tried = rig.ledger.tried.length;
  void rig.runtime.submit({ type: 'pinged', name: 'cron' });
  await rig.runtime.stop();
  expect(rig.ledger.tried.length).toBe(tried);
  expect(rig.runtime.ledgerError).toBe(rig.heard[0]);
  expect(rig.heard).toHaveLength(1);
});

test('given a process that was suspended for half a minute, when it goes on, then the ledger says that nobody watched and nothing is held against hooks', async () => {
  const rig = await running();
  const before = rig.ledger.inner.image().rows.unwatched.length;
  rig.time.slept = 30_000;
  await until(() => rig.ledger.inner.image().rows.unwatched.length > before);
  const row = rig.ledger.inner.image().rows.unwatched.at(-1);
  expect((row?.to ?? 0) - (row?.from ?? 0)).toBeGreaterThanOrEqual(30_000);
  expect(rig.state.pipelines[0]?.hops.find(({ mode }) => mode === 'push')?.deaf.at(-1)?.to).toBe(row?.to);
});
