/** Two logcanaries, of which now one and now the other is killed or cannot look, while hops stop and go on. */

import process from 'node:process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { standingOf } from '../../src/engine/peering.ts';
import { Duo, type Name, both as names, type Said } from '../engine/duo.ts';

const second = 1_000;
/** Whoever is silent for a minute is stood in for, and whoever goes first has a minute; with looks and questions in between. */
const toldWithin = 200 * second;
/** A message counts as told, and is said to peers, once the call is over. */
const call = 5 * second;
const hops = ['stream', 'index', 'archive'];

type Deed =
  | { readonly what: 'stop' | 'mend'; readonly hop: string }
  | { readonly what: 'kill' | 'revive' | 'cut' | 'join'; readonly name: Name }
  | { readonly what: 'blind' | 'sight'; readonly name: Name; readonly hop: string };

const name = fc.constantFrom(...names);
const hop = fc.constantFrom(...hops);
const wait = fc.integer({ min: 5, max: 400 }).map((seconds) => seconds * second);

const quiet = fc.oneof(
  fc.record({ what: fc.constantFrom('stop' as const, 'mend' as const), hop }),
  fc.record({ what: fc.constantFrom('kill' as const, 'revive' as const), name }),
);
const all = fc.oneof(
  quiet,
  fc.record({ what: fc.constantFrom('cut' as const, 'join' as const), name }),
  fc.record({ what: fc.constantFrom('blind' as const, 'sight' as const), name, hop }),
);
const plan = (deed: fc.Arbitrary<Deed>) => fc.array(fc.tuple(wait, deed), { minLength: 4, maxLength: 14 });

interface Kill {
  readonly name: Name;
  readonly at: number;
  /** When the other one heard it last: of what it told afterwards nobody knows, also as the other one was dead. */
  readonly heardAt: number;
}

/** What was done when, for judging what was told. */
class Story {
  readonly duo: Duo;
  readonly kills: Kill[] = [];
  /** Since when who is deaf is so. */
  readonly deafSince = new Map<Name, number>();
  /** Since when nothing was done to what they hear and see. */
  calmSince: number;

  private constructor(duo: Duo) {
    this.duo = duo;
    this.calmSince = duo.now;
  }

  static async begin(): Promise<Story> {
    return new Story(await Duo.open());
  }

  async carryOut(deeds: readonly (readonly [number, Deed])[]): Promise<void> {
    for (const [waitMs, deed] of deeds) {
      this.live(waitMs);
      await this.act(deed);
    }
  }

  /** All is well again, for long enough that a dead one would be given up. */
  async heal(): Promise<void> {
    for (const each of hops) this.duo.stop(each, false);
    this.duo.deaf.clear();
    this.deafSince.clear();
    this.calmSince = this.duo.now;
    for (const each of names) {
      this.duo.blind[each].clear();
      await this.act({ what: 'revive', name: each });
    }
    this.live(25 * 60 * second);
  }

  private live(ms: number): void {
    for (let left = ms; left > 0; left -= 20 * second) {
      this.duo.run(Math.min(left, 20 * second));
      expect(this.unsaid()).toEqual([]);
    }
  }

  private async act(deed: Deed): Promise<void> {
    const { duo } = this;
    if (!('name' in deed)) return duo.stop(deed.hop, deed.what === 'stop');
    const { name: who } = deed;
    if (deed.what === 'kill' && !duo.dead.has(who)) {
      duo.kill(who);
      const [other] = names.filter((each) => each !== who).flatMap((each) => duo.benches[each].state.peers);
      this.kills.push({ name: who, at: duo.now, heardAt: other?.heardAt ?? 0 });
      this.calmSince = duo.now;
    } else if (deed.what === 'revive' && duo.dead.has(who)) {
      await duo.revive(who);
      this.calmSince = duo.now;
    } else if (deed.what === 'cut' || deed.what === 'join') {
      this.hear(who, deed.what === 'join');
      this.calmSince = duo.now;
    } else if (deed.what === 'blind' || deed.what === 'sight') {
      if (deed.what === 'blind') duo.blind[who].add(deed.hop);
      else duo.blind[who].delete(deed.hop);
      this.calmSince = duo.now;
    }
  }

  private hear(who: Name, hears: boolean): void {
    if (hears) {
      this.duo.deaf.delete(who);
      this.deafSince.delete(who);
      return;
    }
    this.duo.deaf.add(who);
    if (!this.deafSince.has(who)) this.deafSince.set(who, this.duo.now);
  }

  /** What one of them sees for long, and a channel that wants it takes for nothing, or for over. */
  unsaid(): string[] {
    const { duo } = this;
    if (duo.now - this.calmSince < toldWithin) return [];
    const settled = duo.now - toldWithin;
    return names.flatMap((each) => {
      if (duo.dead.has(each)) return [];
      const open = { chat: this.openAt('chat', settled, each), pager: this.openAt('pager', settled, each) };
      const { state } = duo.benches[each];
      return [...state.open.values()].flatMap((incident) => {
        const { facts } = incident;
        const isNew = duo.now - facts.openedAt < toldWithin;
        if (isNew || standingOf(state, incident) !== 'open' || incident.goodSince !== undefined) return [];
        const critical = facts.criticalAt !== undefined && duo.now - facts.criticalAt > toldWithin;
        const missing = [
          ...(open.chat.has(facts.dedupKey) ? [] : ['chat']),
          ...(!critical || open.pager.has(facts.dedupKey) ? [] : ['pager']),
        ];
        return missing.map((channel) => `${channel} does not know of ${facts.kind}@${facts.hop} of ${each}`);
      });
    });
  }

  /**
   * Keys that a channel takes for open. Ends that it heard of after `settled` do not count; nor those that `to` cannot know of, as
   * it is deaf, was given up, and ended by the other one.
   */
  openAt(channel: string, settled = Number.POSITIVE_INFINITY, to?: Name): Set<string> {
    const deafSince = (to && this.deafSince.get(to)) ?? Number.POSITIVE_INFINITY;
    const open = new Set<string>();
    for (const { row, at, by } of this.duo.said(channel)) {
      if (row.action === 'trigger') open.add(row.facts.dedupKey);
      const isUnknown = by !== to && at >= deafSince;
      if (row.action === 'resolve' && at < settled && !isUnknown) open.delete(row.facts.dedupKey);
    }
    return open;
  }

  /** The same said twice in a row about the same, where nobody was killed just after saying it. What begins twice may end twice. */
  repeated(channel: string): string[] {
    const last = new Map<string, Said>();
    const untold = new Map<string, number>();
    return this.duo.said(channel).flatMap((said) => {
      const { action, facts } = said.row;
      const before = last.get(facts.dedupKey);
      last.set(facts.dedupKey, said);
      const ends = (untold.get(facts.dedupKey) ?? 0) + (action === 'trigger' ? 1 : -1);
      untold.set(facts.dedupKey, Math.max(0, ends));
      if (before?.row.action !== action || this.diedAfter(before)) return [];
      if (action === 'resolve' && (ends >= 0 || this.allDiedSince(facts.openedAt))) return [];
      return [`${before.by} and ${said.by} ${action} ${facts.kind}@${facts.hop}`];
    });
  }

  /** One goes on for the other, dies too, and does not know at its return that the first came back before it. */
  private allDiedSince(at: number): boolean {
    return names.every((each) => this.kills.some((kill) => kill.name === each && kill.at >= at));
  }

  private diedAfter({ by, at }: Said): boolean {
    return this.kills.some((kill) => kill.name === by && kill.at >= at && kill.heardAt - at < call);
  }
}

const { RUNS: runs = 6, SEED: seed = 20_261_120 } = process.env;
const bounds = { numRuns: Number(runs), seed: Number(seed) };

test('given kills at any time, then each incident is told once to a channel that does not deduplicate, and its end once', async () => {
  await fc.assert(
    fc.asyncProperty(plan(quiet), async (deeds) => {
      const story = await Story.begin();
      await story.carryOut(deeds);
      await story.heal();
      expect(names.map((each) => story.duo.open(each))).toEqual([[], []]);
      expect([...story.openAt('pager'), ...story.openAt('chat')]).toEqual([]);
      expect(story.repeated('chat')).toEqual([]);
    }),
    bounds,
  );
}, 600_000);

test('given that they do not hear each other, or cannot look, besides, then nothing stays untold, and nothing stays open', async () => {
  await fc.assert(
    fc.asyncProperty(plan(all), async (deeds) => {
      const story = await Story.begin();
      await story.carryOut(deeds);
      await story.heal();
      expect(names.map((each) => story.duo.open(each))).toEqual([[], []]);
      expect([...story.openAt('pager'), ...story.openAt('chat')]).toEqual([]);
    }),
    bounds,
  );
}, 600_000);
