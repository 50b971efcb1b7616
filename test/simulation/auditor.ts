/** Compares what the engine says with what is true, at every commit and after every crash. */
import { blockSize, codeOf, emission, impliedBit, isSeen, verdictOfCode } from '../../src/core/block.ts';
import { readToken } from '../../src/core/token.ts';
import { accounted } from '../../src/core/verdict-name.ts';
import type { EngineState, HopState, StreamState, Track } from '../../src/engine/state.ts';
import { applicableCount, withheldIn } from '../../src/engine/sums.ts';
import { emissionAt, runOf, termsOf } from '../../src/engine/track.ts';
import type { Printing } from './printing.ts';
import type { Pace } from './setting.ts';
import { type Shadow, shadowOf, wordsOf } from './shadow.ts';
import { type Times, TruthTest } from './truth-test.ts';
import { hopIndex, type World } from './world.ts';

export interface Violation {
  /** Which promise was broken. */
  readonly rule: string;
  /** ms since the beginning. */
  readonly at: number;
  readonly detail: string;
}

const violationLimit = 20;
const accountedCodes = accounted.flatMap((verdict) => {
  const code = codeOf[verdict];
  return verdict === 'delivered' || verdict === 'delayed' ? [code, code + impliedBit] : [code];
});
export class Auditor {
  readonly violations: Violation[] = [];
  latencies = { measured: 0, wrong: 0 };
  /** In blocks that are settled. */
  private readonly sums = { lost: 0, trulyLost: 0 };
  commits = 0;
  private readonly world: World;
  private readonly times: Times;
  private readonly pace: Pace;
  readonly truth: TruthTest;
  private readonly touched = new Set<StreamState>();
  private shadows = new Map<StreamState['number'], Map<string, Shadow>>();
  /** Settled at all hops; the truth of them is dropped once that is committed. */
  private readonly settledBlocks: { readonly stream: number; readonly index: number }[] = [];
  /** Blocks that are settled, since the last crash. */
  private readonly folded = new Set<string>();
  private readonly lastTokens = new Map<string, string>();
  /** Where lines are handed over ahead of their times. */
  printing: Printing | undefined;

  constructor(world: World, times: Times, pace: Pace) {
    this.world = world;
    this.times = times;
    this.pace = pace;
    this.truth = new TruthTest(world, times, pace);
  }

  complain(rule: string, detail: string): void {
    if (this.violations.length < violationLimit) this.violations.push({ rule, at: this.times.now, detail });
  }

  /** From now on this state is watched: each stream that the engine marks as changed is looked at by the next audit. */
  watch({ changed }: EngineState): void {
    this.touched.clear();
    const mark = changed.add.bind(changed);
    changed.add = (stream) => {
      this.touched.add(stream);
      mark(stream);
      return changed;
    };
  }

  /** Before `takeChanges`: every verdict that changed since the last time is held against the truth. */
  audit(): void {
    this.commits += 1;
    for (const stream of this.touched) {
      for (const track of stream.tracks) for (const index of track.changedBlocks) this.block(track, index);
      this.identity(stream);
      this.printing?.audit(stream);
    }
    this.touched.clear();
  }

  /** A state rebuilt from rows: everything it says is held against what was committed. */
  rebuilt(state: EngineState, committed: Auditor['shadows']): void {
    this.shadows = committed;
    this.lastTokens.clear();
    this.folded.clear();
    this.settledBlocks.length = 0;
    this.printing?.rebuilt(state);
    for (const stream of state.streamsByNumber.values()) {
      for (const track of stream.tracks) for (const index of track.blocks.keys()) this.block(track, index);
      this.identity(stream);
      for (const [key, shadow] of committed.get(stream.number) ?? []) {
        const [hop = '', index = ''] = key.split(' ');
        const track = stream.tracks.find((each) => each.hop.spec.name === hop);
        if (shadow.codes.length > 0 && track && !track.blocks.has(Number(index)) && !this.isFolded(track))
          this.complain('rows-lost', `block ${index} of ${stream.key} at ${hop} is gone after a crash`);
      }
    }
  }

  private isFolded(track: Track): boolean {
    return track.folded.some((count) => count > 0);
  }

  committed(): void {
    for (const { stream, index } of this.settledBlocks.splice(0))
      this.world.forget(stream, index * blockSize, (index + 1) * blockSize - 1);
  }

  /** What is committed now, to be kept by whoever may have to go back to it. */
  snapshot(): Auditor['shadows'] {
    const copy: Auditor['shadows'] = new Map();
    for (const [stream, blocks] of this.shadows) {
      copy.set(stream, new Map([...blocks].map(([key, { codes, block }]) => [key, shadowOf(block, codes.slice())])));
    }
    return copy;
  }

  private block(track: Track, index: number): void {
    const { stream, hop } = track;
    const shadows = this.shadows.get(stream.number) ?? new Map<string, Shadow>();
    this.shadows.set(stream.number, shadows);
    const key = `${hop.spec.name} ${index}`;
    let shadow = shadows.get(key);
    const live = track.blocks.get(index);
    if (!shadow) {
      if (!live) return;
      if (this.folded.has(`${stream.number} ${key}`))
        this.complain('folded-too-early', `block ${index} of ${stream.key} at ${hop.spec.name}`);
      shadow = shadowOf(live);
      shadows.set(key, shadow);
    }
    if (live && live !== shadow.block) {
      shadow.block = live;
      shadow.blockWords = wordsOf(live.codes);
    }
    const { words, blockWords } = shadow;
    for (let word = 0; word < words.length; word++) {
      if (words[word] === blockWords[word]) continue;
      for (let i = word * 4; i < word * 4 + 4; i++) this.code(track, index * blockSize + i, shadow, i);
    }
    if (!live) {
      this.fold(track, index, shadow);
      shadows.delete(key);
      this.folded.add(`${stream.number} ${key}`);
    }
    if (!live && stream.tracks.every((each) => !each.blocks.has(index)))
      this.settledBlocks.push({ stream: stream.number, index });
  }

  /** Nothing can change in a block any more: what is lost for good is counted, on both sides. */
  private fold(track: Track, index: number, { codes }: Shadow): void {
    for (let i = 0; i < blockSize; i++) {
      const code = codes[i] as number;
      if (code !== 0) this.final(track, index * blockSize + i, code, this.sums);
    }
  }

  private code(track: Track, seq: number, { codes, block }: Shadow, i: number): void {
    const [before, code] = [codes[i] as number, block.codes[i] as number];
    if (code === before) return;
    this.verdict(track, seq, before, code);
    codes[i] = code;
  }

  private verdict(track: Track, seq: number, before: number, code: number): void {
    const { stream, hop } = track;
    const name = () =>
      `${stream.key} #${seq} at ${hop.spec.name}: ${verdictOfCode(before) ?? 'nothing'} to ${verdictOfCode(code) ?? 'nothing'}`;
    if (isSeen(before) && (!isSeen(code) || (before & 7) !== (code & 7))) this.complain('verdict-taken-back', name());
    if (before === codeOf.lost && !isSeen(code) && code !== codeOf.excused) this.complain('lost-taken-back', name());
    const truth = this.world.truthOf(stream.number, seq);
    const complaint = this.truth.untrue(track, seq, code, truth);
    if (complaint) this.complain(complaint, name());
  }

  /** expected = the sum of the accounted verdicts, for one stream at each of its hops. */
  identity(stream: StreamState): void {
    for (const track of stream.tracks) {
      let sum = 0;
      for (const code of accountedCodes) sum += (track.folded[code] ?? 0) + (track.live[code] ?? 0);
      let expected = applicableCount(stream, track.hop.id) - (stream.foldedWithheld.get(track.hop.id) ?? 0);
      for (const block of stream.emission.values()) {
        if (block.states.includes(emission.withheld)) expected -= withheldIn(stream, block, track.hop.id);
      }
      if (sum !== expected)
        this.complain(
          'identity',
          `${stream.key} at ${track.hop.spec.name}: expected ${expected}, verdicts add up to ${sum}`,
        );
    }
  }

  /** After a look or a post: the latency that was measured last is held against the true one. */
  latency(hop: HopState): void {
    const { lastToken, lastLatency } = hop;
    const name = hop.spec.name;
    if (lastToken === undefined || lastLatency === undefined || this.lastTokens.get(name) === lastToken) return;
    this.lastTokens.set(name, lastToken);
    const fields = readToken(lastToken);
    const truth = fields && this.world.truthOf(fields.stream, fields.seq);
    if (!truth) return;
    const { readings } = this.times;
    this.latencies.measured += 1;
    const seen = readings(truth.visible[hopIndex(name)] ?? 0);
    const may = readings(truth.emitted).flatMap((emitted) => seen.map((at) => at - emitted));
    if (may.some((took) => took >= lastLatency.loMs && took <= lastLatency.hiMs)) return;
    const [took] = may;
    this.latencies.wrong += 1;
    if (this.latencies.wrong * 1_000 > this.latencies.measured + 1_000)
      this.complain('latency', `${name}: it took ${took} ms, measured ${lastLatency.loMs} to ${lastLatency.hiMs} ms`);
  }

  /** At the end, all quiet: what could be seen was seen, what could not is lost, or there is a reason why that is not known. */
  settled(state: EngineState): { lost: number; trulyLost: number } {
    const sums = { ...this.sums };
    for (const stream of state.streamsByNumber.values()) {
      for (const track of stream.tracks) {
        for (const block of track.blocks.values()) {
          for (let i = 0; i < blockSize; i++) {
            const code = block.codes[i] as number;
            if (code !== 0) this.final(track, block.index * blockSize + i, code, sums);
          }
        }
      }
    }
    return sums;
  }

  private final(track: Track, seq: number, code: number, sums: { lost: number; trulyLost: number }): void {
    const { stream, hop } = track;
    const truth = this.world.truthOf(stream.number, seq);
    const { now } = this.times;
    const visible = truth?.visible[hopIndex(hop.spec.name)] ?? Number.POSITIVE_INFINITY;
    const name = `${stream.key} #${seq} at ${hop.spec.name} is ${verdictOfCode(code)}`;
    if (code === codeOf.lost) sums.lost += 1;
    if (visible < now - 15 * this.pace.pollMs && !isSeen(code)) this.complain('arrived-but-not-seen', name);
    if (!truth || visible !== Number.POSITIVE_INFINITY || truth.emitted > now - 1.5 * this.pace.lostAfterMs) return;
    const sent = emissionAt(stream, seq);
    const expected = termsOf(runOf(stream, seq), hop.id, stream.number, seq) !== undefined;
    if (!expected || sent?.state !== emission.emitted || truth.emitted === Number.POSITIVE_INFINITY) return;
    if (hop.mode === 'push' && truth.emitted <= this.truth.hearsSince && code !== codeOf.lost) return;
    if (code !== codeOf.excused) sums.trulyLost += 1;
    if (code !== codeOf.lost && code !== codeOf.excused) this.complain('lost-but-not-said', name);
  }
}
