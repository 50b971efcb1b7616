/** What is posted to a hop's hook, at the real engine: forged, damaged, repeated, from the future. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { composeLine } from '../../src/core/line.ts';
import { scanRecord } from '../../src/core/scan.ts';
import { mintToken } from '../../src/core/token.ts';
import { accounted } from '../../src/core/verdict-name.ts';
import { tokenOf } from '../../src/engine/injecting.ts';
import type { EngineState } from '../../src/engine/state.ts';
import { expectedAt, verdictCounts } from '../../src/engine/sums.ts';
import { createSigner } from '../../src/lib/signer.ts';
import { Bench } from '../engine/harness.ts';
import { configOf } from '../engine/sandbox-config.ts';
import { Scene } from '../engine/scene.ts';
import { editText, textEdits } from './mutation.ts';
import { checking, type FuzzTarget, refuse } from './target.ts';

const stranger = createSigner([{ id: 'a1', secret: 'somebody else guessed this secret' }]);
const hop = 'alert';

const posts = fc.array(
  fc.record({
    stream: fc.nat(3),
    /** Before, at and behind what was granted. */
    seq: fc.nat(80),
    how: fc.constantFrom('genuine', 'forged', 'damaged', 'bare', 'noise'),
    edits: textEdits,
    packed: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);
type Post = (typeof posts extends fc.Arbitrary<infer T> ? T : never)[number];

/** The body of a post, and the token whose delivery it proves, if it does. */
function bodyOf(state: EngineState, { stream: number, seq, how, edits, packed }: Post) {
  const stream = state.streamsByNumber.get(number);
  const genuine = stream !== undefined && seq < stream.nextSeq ? tokenOf(state, stream, seq) : undefined;
  const fields = {
    key: stranger.first,
    writer: state.writer,
    stream: number,
    seq,
    plannedAt: state.now,
    shape: 0,
    length: 0,
  };
  const token = how === 'forged' || genuine === undefined ? mintToken(fields, stranger) : genuine;
  const whole = composeLine({ token, pipeline: 'sandbox', stream: `node-${number}`, seq });
  const text =
    how === 'bare' ? token : how === 'noise' ? editText('', edits) : how === 'damaged' ? editText(whole, edits) : whole;
  const bytes = Buffer.from(text);
  const proves = genuine !== undefined && text.includes(`logcanary ${genuine}`);
  return { bytes: packed ? gzipSync(bytes) : bytes, proves };
}

function seenAt(state: EngineState, name: string): number {
  const found = state.pipelines[0]?.hops.find((each) => each.spec.name === name);
  if (found === undefined) return refuse(`no hop ${name}`);
  const counts = verdictCounts(found.tracks);
  const sum = accounted.reduce((total, verdict) => total + counts[verdict], 0);
  if (sum !== expectedAt(found, found.tracks)) refuse(`the identity does not hold at ${name}`);
  return counts.delivered + counts.delayed;
}

export const hookTargets: readonly FuzzTarget[] = [
  {
    name: 'hook bodies: only a genuine line delivers',
    runs: 25,
    async open() {
      const property = fc.asyncProperty(posts, async (list) => {
        const scene = new Scene();
        const bench = await Bench.open(scene, configOf());
        scene.stage(hop).stopped = true;
        bench.run(30_000);
        for (const post of list) {
          const before = seenAt(bench.state, hop);
          const { bytes, proves } = bodyOf(bench.state, post);
          bench.dispatch({ type: 'hooked', hop, finds: scanRecord(bytes).finds });
          const more = seenAt(bench.state, hop) - before;
          if (more > (proves ? 1 : 0)) refuse(`${more} deliveries by a ${post.how} line`);
        }
        bench.run(5_000);
        for (const each of ['stream', 'index', 'archive', hop]) seenAt(bench.state, each);
      });
      return checking(property);
    },
  },
];
