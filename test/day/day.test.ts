/** A day's script of faults under the virtual clock: what was said is what people wanted to hear, and nothing else. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Day, type Message } from './day.ts';
import { script } from './script.ts';
import { compare } from './verdict.ts';
import { timeOf } from './wanted.ts';

const hour = 3_600_000;
const dayMs = 24 * hour;
/** So long after it was mended a trouble may still be told, ms: its losses are decided, its resolving takes its time. */
const aftermathMs = hour;

let day: Day;
let messages: readonly Message[];

beforeAll(async () => {
  day = await Day.dawn();
  await day.live(script, dayMs);
  messages = day.messages;
}, 900_000);

describe('given a day of troubles, some of them at once, with restarts and kills in between', () => {
  test('when it is over, then the messages sent are the messages wanted, in number, kind, place, scope and order', () => {
    const { wanted, said } = compare(script, messages, dayMs);
    expect(said).toEqual(wanted);
  });

  test('when nothing is broken and nothing was lately, then nobody is told anything', () => {
    const spans = script.map(({ at, until = at }) => ({ from: timeOf(at), to: timeOf(until) + aftermathMs }));
    const inPeace = messages.filter(({ at }) => !spans.some(({ from, to }) => at >= from && at <= to));
    expect(inPeace).toEqual([]);
  });

  test('when an incident is resolved, then by the key of its trigger, after it, on every channel that took one', () => {
    const open = new Map<string, number>();
    for (const { channel, action, facts } of messages) {
      const lane = `${channel} ${facts.dedupKey}`;
      if (action === 'trigger') open.set(lane, facts.openedAt);
      if (action === 'resolve') open.delete(lane);
    }
    expect([...open]).toEqual([]);
  });

  test('when an hour is full, then every canary is accounted for', () => {
    expect(day.accounted).toBe(24);
  });
});
