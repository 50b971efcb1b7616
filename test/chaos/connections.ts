/** The way from `run` to each of its targets is slow, torn, one-sided, closed or flooded; the pipeline itself flows all the time. */
import { readFile, writeFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { type Lane, openLane } from './lane.ts';
import type { Bench, Finding, Ordeal } from './ordeal.ts';
import { until } from './patience.ts';
import { startTcpProxy, type TcpProxy, type Trouble } from './tcp-proxy.ts';
import { createWitness, type Witness } from './witness.ts';

type Place = 'stream' | 'index' | 'archive' | 'pager';
type Ways = Readonly<Record<Place, TcpProxy>>;

const hops: readonly Place[] = ['stream', 'index', 'archive'];
const troubles: readonly Trouble[] = ['late', 'trickle', 'cut', 'silent', 'refuse', 'one-way', 'endless'];
/** Most looks succeed all the same. */
const harmless: readonly Trouble[] = ['none', 'late'];
/** What may be said where the pipeline flows and only our way to it does not. */
const aboutTheWay = ['unreadable', 'blind', 'isolated'];

/** Time-out of a look here; the default of 10 s would make each trouble last half a minute. */
const lookTimeout = '2s';
/** Two looks that time out, their polls, and as much again for a busy machine. */
const toldWithinMs = 40_000;
/** `resolve_after`, and pages that wait for their next try. */
const quietWithinMs = 120_000;
/** Measured: see docs/chaos.md. Floods come as fast as they are read: whoever keeps an answer is far beyond in a second. */
const mostMib = 500;

export const connections: Ordeal = {
  name: 'connections',
  does: 'connections to each target are slow, cut, silent, refused, one-way or endless',
  async run(bench) {
    const lane = await openLane(bench, 'connections');
    const ways = await openWays(bench, lane);
    const witness = createWitness(bench, lane);
    lane.spawn();
    await lane.serving();
    witness.begin();
    await witness.flowing();
    const rounds = bench.short ? 2 : 12;
    const untold: string[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const drawn = draw(bench);
      untold.push(...(await suffer(bench, lane, ways, drawn)));
    }
    untold.push(...(await suffer(bench, lane, ways, everywhere(bench.random() < 0.5 ? 'refuse' : 'silent'))));
    await lane.quiet(quietWithinMs);
    await witness.flowing();
    return [
      { promise: 'what could not be read was told, at its hop', against: untold },
      ...(await witness.findings(aboutTheWay)),
      memory(bench, witness),
    ];
  },
};

/** A proxy before each target, written into the configuration. */
async function openWays(bench: Bench, { config }: Lane): Promise<Ways> {
  const document = parse(await readFile(config, 'utf8'));
  const [{ hops: places, checks }] = document.pipelines;
  const [stream, index, archive] = places;
  const pager = document.notify[0].pagerduty;
  const before = async (target: string) => {
    const proxy = await startTcpProxy(new URL(target).origin, bench.clock, bench.random);
    bench.defer(() => proxy.close());
    return proxy;
  };
  const ways = {
    stream: await before(stream.kinesis.endpoint),
    index: await before(index.elasticsearch.url),
    archive: await before(archive.s3.endpoint),
    pager: await before(pager.url),
  };
  stream.kinesis.endpoint = ways.stream.origin;
  index.elasticsearch.url = ways.index.origin;
  checks[0]['elasticsearch-disk'].url = ways.index.origin;
  archive.s3.endpoint = ways.archive.origin;
  pager.url = `${ways.pager.origin}${new URL(pager.url).pathname}`;
  for (const hop of [stream, index, archive]) hop.timeout = lookTimeout;
  await writeFile(config, stringify(document), { mode: 0o600 });
  return ways;
}

type Weather = Readonly<Record<Place, Trouble>>;

/** At least one hop has a trouble, often several, and the pager every other time. */
function draw({ random }: Bench): Weather {
  const one = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  const hit = one(hops);
  const at = (place: Place, share: number) => (place === hit || random() < share ? one(troubles) : 'none');
  return { stream: at('stream', 0.4), index: at('index', 0.4), archive: at('archive', 0.4), pager: at('pager', 0.5) };
}

function everywhere(trouble: Trouble): Weather {
  return { stream: trouble, index: trouble, archive: trouble, pager: 'none' };
}

/** Until each hop that cannot be read was told, and a little more; then all is well again. Gives what was not told. */
async function suffer(bench: Bench, lane: Lane, ways: Ways, weather: Weather): Promise<string[]> {
  const places = Object.keys(weather) as Place[];
  bench.say(places.map((place) => `${place} ${weather[place]}`).join(', '));
  await Promise.all(places.map((place) => ways[place].suffer(weather[place])));
  const unread = hops.filter((hop) => !harmless.includes(weather[hop]));
  const untold: string[] = [];
  for (const hop of unread)
    await until(bench, `${hop} ${weather[hop]} told`, toldWithinMs, () => isTold(lane, hop)).catch((error: Error) =>
      untold.push(error.message),
    );
  await bench.clock.sleep(500 + bench.random() * 3_000, bench.signal);
  await Promise.all(places.map((place) => ways[place].suffer('none')));
  await bench.clock.sleep(bench.random() * 4_000, bench.signal);
  return untold;
}

async function isTold(lane: Lane, hop: Place): Promise<boolean> {
  const open = (await lane.incidents()).filter(({ state, kind }) => state === 'open' && aboutTheWay.includes(kind));
  return open.some((incident) => incident.kind === 'isolated' || incident.hop === hop);
}

function memory(bench: Bench, { peakMib }: Witness): Finding {
  bench.say(`at most ${peakMib} MiB resident`);
  return {
    promise: `memory stays below ${mostMib} MiB, whatever is answered`,
    against: peakMib < mostMib ? [] : [`${peakMib} MiB`],
  };
}
