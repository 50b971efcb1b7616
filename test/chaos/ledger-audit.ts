/** What must be true of any ledger file, and of two of one run, the later against the earlier. */
import { blockSize, emission, isSeen, verdictOfCode } from '../../src/core/block.ts';
import { accounted, type Verdict } from '../../src/core/verdict-name.ts';
import { expectedAt, verdictCounts } from '../../src/engine/sums.ts';
import { type LedgerPicture, trackKey } from './ledger-picture.ts';

/** The accounting identity of each stream at each hop: rebuilt as a start does it, and counted canary by canary. */
export function identityFaults(picture: LedgerPicture): string[] {
  const faults: string[] = [];
  for (const hop of picture.state.pipelines.flatMap(({ hops }) => hops))
    for (const track of hop.tracks) {
      const counts = verdictCounts([track]);
      const sum = accounted.reduce((total, verdict) => total + counts[verdict], 0);
      const expected = expectedAt(hop, [track]);
      const where = `${track.stream.name} at ${hop.spec.name}`;
      if (sum !== expected) faults.push(`${where}: expected ${expected}, verdicts add up to ${sum}`);
      faults.push(...canaryFaults(picture, track.stream.number, hop.id).map((fault) => `${where} ${fault}`));
    }
  return faults;
}

/** Each granted canary has one verdict, withheld exactly where its emission is; nobody else has any. */
function canaryFaults({ streams, codes, emission: emissions }: LedgerPicture, stream: number, hop: number): string[] {
  const nextSeq = streams.find(({ number }) => number === stream)?.nextSeq ?? 0;
  const given = codes.get(trackKey(stream, hop)) ?? new Uint8Array(blockSize);
  const { states } = emissions.get(stream) ?? { states: new Uint8Array() };
  const faults: string[] = [];
  for (let seq = 0; seq < given.length; seq++) {
    const verdict = verdictOfCode(given[seq] ?? 0);
    if (seq >= nextSeq ? verdict !== undefined : verdict === undefined)
      faults.push(`#${seq}: ${verdict ?? 'no verdict'}, and ${nextSeq} are granted`);
    const withheld = states[seq] === emission.withheld;
    if (withheld !== (verdict === 'withheld') && !isSeen(given[seq] ?? 0))
      faults.push(`#${seq}: emission ${states[seq]}, verdict ${verdict}`);
  }
  return faults.slice(0, 5);
}

/** What each verdict may have become meanwhile, over any number of steps: the table of the architecture. */
const mayBecome: Readonly<Record<Verdict, readonly Verdict[] | 'any'>> = {
  delivered: [],
  delayed: [],
  withheld: ['delivered', 'delayed'],
  excused: ['delivered', 'delayed'],
  lost: ['delayed', 'excused', 'delivered'],
  overdue: ['delayed', 'lost', 'excused', 'delivered'],
  unverifiable: 'any',
  pending: 'any',
};

/** What the later picture takes back of the earlier one. */
export function takenBack(before: LedgerPicture, after: LedgerPicture): string[] {
  return [
    ...(after.time < before.time ? [`T went back by ${before.time - after.time} ms`] : []),
    ...streamsTakenBack(before, after),
    ...verdictsTakenBack(before, after),
    ...countersTakenBack(before, after),
    ...incidentsTakenBack(before, after),
  ];
}

function streamsTakenBack(before: LedgerPicture, after: LedgerPicture): string[] {
  const faults: string[] = [];
  for (const { number, name, nextSeq } of before.streams) {
    const now = after.streams.find((each) => each.number === number);
    if (now === undefined) faults.push(`stream ${name} is gone`);
    else if (now.nextSeq < nextSeq) faults.push(`${name}: the grant went back from ${nextSeq} to ${now.nextSeq}`);
    const [was, is] = [before.emission.get(number), after.emission.get(number)];
    for (let seq = 0; was && is && seq < nextSeq; seq++) {
      if (was.states[seq] === emission.unconfirmed) continue;
      const same = was.states[seq] === is.states[seq] && was.nb[seq] === is.nb[seq] && was.na[seq] === is.na[seq];
      if (!same) faults.push(`${name} #${seq}: emission ${was.states[seq]} became ${is.states[seq]}`);
    }
  }
  const granted = (run: { stream: number; fromSeq: number }) =>
    before.streams.some(({ number, nextSeq }) => number === run.stream && nextSeq > run.fromSeq);
  for (const [id, run] of before.runs)
    if (granted(run) && JSON.stringify(after.runs.get(id)) !== JSON.stringify(run)) faults.push(`run ${id} changed`);
  return faults;
}

function verdictsTakenBack(before: LedgerPicture, after: LedgerPicture): string[] {
  const faults: string[] = [];
  for (const [track, codes] of before.codes) {
    const now = after.codes.get(track);
    codes.forEach((code, seq) => {
      const [was, is] = [verdictOfCode(code), verdictOfCode(now?.[seq] ?? 0)];
      if (was === undefined || was === is) return;
      const allowed = mayBecome[was];
      if (is === undefined || (allowed !== 'any' && !allowed.includes(is)))
        faults.push(`stream/hop ${track} #${seq}: ${was} became ${is ?? 'nothing'}`);
    });
  }
  return faults;
}

function countersTakenBack(before: LedgerPicture, after: LedgerPicture): string[] {
  const enteredOf = (row: { counters: string } | undefined): Record<string, number> =>
    row === undefined ? {} : JSON.parse(row.counters).entered;
  return before.hops.flatMap((hop) => {
    const now = enteredOf(after.hops.find(({ id }) => id === hop.id));
    return Object.entries(enteredOf(hop))
      .filter(([name, count]) => !((now[name] ?? -1) >= count))
      .map(([name, count]) => `${hop.name}: the counter ${name} went from ${count} to ${now[name]}`);
  });
}

function incidentsTakenBack(before: LedgerPicture, after: LedgerPicture): string[] {
  const faults: string[] = [];
  for (const [id, was] of before.incidents) {
    const is = after.incidents.get(id);
    if (is === undefined || is.openedAt !== was.openedAt || (was.state === 'resolved' && is.state === 'open'))
      faults.push(`incident ${id} (${was.kind}@${was.hop}, ${was.state}) became ${is?.state ?? 'nothing'}`);
  }
  for (const [id, was] of before.outbox) {
    const is = after.outbox.get(id);
    if (is === undefined || is.action !== was.action || (was.state !== 'waiting' && is.state !== was.state))
      faults.push(`notification ${id} (${was.action}, ${was.state}) became ${is?.state ?? 'nothing'}`);
  }
  const open = [...after.incidents.values()].filter(({ state }) => state === 'open');
  const twice = open.filter(
    (one, at) => open.findIndex((each) => each.hop === one.hop && each.kind === one.kind) !== at,
  );
  return [...faults, ...twice.map(({ kind, hop }) => `${kind}@${hop} is open twice`)];
}
