/** Deliberate defects, each a small change of the engine's, the core's or a probe's text that some run must notice. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Must stand in the file exactly once. */
  readonly find: string;
  readonly put: string;
  /** Faults under which it would show; all when absent. */
  readonly faults?: string;
  /** Where so many of them are needed for it to show: 16 and 3 when absent. */
  readonly hours?: number;
  readonly streams?: number;
  /** In worlds of such a kind only. */
  readonly cluster?: true;
  readonly sleeps?: true;
}

const crashes = 'crash,crash-before-commit,crash-after-commit,crash-after-effect';

export const mutants: readonly Mutant[] = [
  {
    name: 'a block folds one canary too early',
    file: 'src/engine/track.ts',
    find: 'if (stream.nextSeq < first + blockSize) return;',
    put: 'if (stream.nextSeq < first + blockSize - 1) return;',
    faults: 'none',
  },
  {
    name: 'folding forgets what was not delivered in time',
    file: 'src/engine/track.ts',
    find: 'track.folded[code] = (track.folded[code] ?? 0) + 1;',
    put: 'track.folded[code] = (track.folded[code] ?? 0) + (code === codeOf.delayed ? 0 : 1);',
    faults: 'agent-stopped',
  },
  {
    name: 'a partial look counts as complete',
    file: 'src/engine/looking.ts',
    find: "if (coverage === 'complete') cover(",
    put: "if (coverage !== 'failed') cover(",
    faults: 'archive-partial',
  },
  {
    name: 'the grant is not committed before the hand-out',
    file: 'src/engine/track.ts',
    find: 'stream.dueSeq = stream.nextSeq;\n  changeStream(stream);',
    put: 'stream.dueSeq = stream.nextSeq;',
    faults: crashes,
  },
  {
    name: 'waiting notifications are lost on restart',
    file: 'src/engine/restore.ts',
    find: 'for (const row of contents.outbox) state.outbox.set(',
    put: 'for (const row of contents.outbox.slice(0, 0)) state.outbox.set(',
    faults: `agent-stopped,pager-down,${crashes}`,
  },
  {
    name: 'an open stop is forgotten on restart',
    file: 'src/engine/restore.ts',
    find: "if (row.state === 'open') state.open.set(",
    put: "if (row.state === 'open' && row.kind !== 'stopped') state.open.set(",
    faults: `agent-stopped,${crashes}`,
  },
  {
    name: 'who was told is not stored, so the resolve is lost on restart',
    file: 'src/engine/rows.ts',
    find: 'notified: incident.notified,',
    put: 'notified: [],',
    faults: `agent-stopped,${crashes}`,
  },
  {
    name: 'a look counts as of its answer, not of its question',
    file: 'src/engine/looking.ts',
    find: 'const asOf = Math.min(looked.asOf, look?.asOf ?? looked.asOf);',
    put: 'const asOf = state.now;',
    faults: 'agent-slow,zombie-looks',
  },
  {
    name: 'a look speaks for all canaries of the stream, and one look interval ahead',
    file: 'src/engine/looking.ts',
    find: 'track.absent.cover(first, last, asOf);',
    put: 'track.absent.cover(0, stream.nextSeq + 1000, asOf + hop.spec.pollMs);',
    faults: 'none',
  },
  {
    name: 'a direct sighting after an implied one counts as a duplicate',
    file: 'src/engine/track.ts',
    find: 'if (isSeen(code) && (implied || code < impliedBit)) return',
    put: 'if (isSeen(code)) return',
  },
  {
    name: 'the settle grace after an outage is removed',
    file: 'src/engine/looking.ts',
    find: '(each) => asOf >= (each === hop ? each.settleUntil : each.settleBelowUntil),',
    put: '() => true,',
    faults: 'index-down,stream-down',
  },
  {
    name: 'the order of the outbox is ignored',
    file: 'src/engine/outbox.ts',
    find: 'if (!first || entry.inFlight ||',
    put: 'if ((!first && false) || entry.inFlight ||',
    faults: 'agent-stopped,consumer-stopped,pager-down',
  },
  {
    name: 'the excuse of a leaving node reaches back too far',
    file: 'src/engine/leaving.ts',
    find: 'excuse(stream, stream.leavingSince - excuseBackMs);',
    put: 'excuse(stream, stream.leavingSince - 100 * excuseBackMs);',
    faults: 'node-leaves,consumer-drops',
  },
  {
    name: 'a changed verdict is not marked for the next commit',
    file: 'src/engine/track.ts',
    find: '  changeVerdicts(track, block.index);\n  // From implied',
    put: '  // From implied',
    faults: crashes,
  },
  {
    name: 'the dedup key holds the time',
    file: 'src/engine/incidents.ts',
    find: 'dedupKeyOf(deployment, name, finding.hop, finding.kind)',
    put: 'dedupKeyOf(deployment, name, finding.hop, finding.kind + state.now)',
    faults: 'consumer-stopped',
  },
  {
    name: 'overdue is said before the deadline',
    file: 'src/core/verdict.ts',
    find: "if (canary.absentAsOf > due) return 'overdue';",
    put: "if (canary.absentAsOf > due - canary.withinMs / 2) return 'overdue';",
    faults: 'agent-stopped',
  },
  {
    name: 'not having looked counts as loss',
    file: 'src/core/verdict.ts',
    find: "return lookedLongEnough ? 'unverifiable' : 'pending';\n}",
    put: "return lookedLongEnough ? 'lost' : 'pending';\n}",
    faults: 'archive-blind',
  },
  {
    name: 'what stands behind a stop is told as a stop of its own',
    file: 'src/engine/flow.ts',
    find: "inherited) ? 'behind' : 'root'",
    put: "inherited) ? 'root' : 'root'",
    faults: 'agent-stopped',
  },
  {
    name: 'a refused notification counts as sent',
    file: 'src/engine/outbox.ts',
    find: "if (!error || entry.row.action === 'renew') {",
    put: "if (!error || error.retryable || entry.row.action === 'renew') {",
    faults: 'agent-stopped,consumer-stopped,pager-down',
  },
  {
    name: 'the next incident number is not stored',
    file: 'src/engine/rows.ts',
    find: "put('nextIncident', next.incident);",
    put: "put('nextIncident', 1);",
    faults: `agent-stopped,${crashes}`,
  },
  {
    name: 'the reading position is not stored',
    file: 'src/engine/rows.ts',
    find: 'cursor: hop.cursor ?? null,',
    put: 'cursor: null,',
    faults: crashes,
  },
  {
    name: 'a withheld canary stays expected',
    file: 'src/engine/track.ts',
    find: 'if (state === emission.withheld) setCode(track, block, i, codeOf.withheld);',
    put: 'if (state === emission.withheld && i % 2 === 0) setCode(track, block, i, codeOf.withheld);',
    faults: 'emitter-stopped',
  },
  {
    name: 'latency is measured from the receipt, not from the earliest emission',
    file: 'src/core/verdict.ts',
    find: 'hiMs: Math.max(0, seenAt - nb)',
    put: 'hiMs: Math.max(0, seenAt - na)',
    faults: 'none',
  },
  {
    name: 'one late canary makes a stop',
    file: 'src/engine/flow.ts',
    find: 'export const stoppedAfter = 2;',
    put: 'export const stoppedAfter = 1;',
    faults: 'agent-drops',
  },
  {
    name: 'an incident is resolved as soon as its finding is gone',
    file: 'src/engine/incidents.ts',
    find: 'if (state.now - incident.goodSince < goodFor(pipeline, facts, hop)) return;',
    put: '',
  },
  {
    name: 'an excuse takes back what was delivered',
    file: 'src/engine/track.ts',
    find: "new Set(['pending', 'overdue', 'unverifiable', 'lost'])",
    put: "new Set(['pending', 'overdue', 'unverifiable', 'lost', 'delivered'])",
    faults: 'node-leaves',
  },
  {
    name: 'a look that was under way during a suspension counts as the failure of its target',
    file: 'src/engine/looking.ts',
    find: "if (outcome.coverage !== 'complete' && outcome.askedAt < state.watchingSince) return;",
    put: '',
    faults: 'suspended',
  },
  {
    name: 'posts that were turned away while nobody watched count as missing',
    file: 'src/engine/deafness.ts',
    find: 'hop.deaf.push({ from: from - takes, to });',
    put: '',
    faults: 'suspended,commit-refused,crash',
  },
  {
    name: 'where a search for missing canaries begins is not set back when one goes missing behind it',
    file: 'src/engine/track.ts',
    find: 'if (i < block.openFrom && isMissing(code)) block.openFrom = i;',
    put: '',
  },
  {
    name: 'a silent hop makes us isolated though one that is read on demand would answer',
    file: 'src/engine/unread.ts',
    find: 'if (read.some((hop) => !hops.includes(hop) && !isSilentToo(hop, since))) return undefined;',
    put: '',
  },
];
