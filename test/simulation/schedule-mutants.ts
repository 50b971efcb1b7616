/** Deliberate defects in what deals with schedules and receipts: they show where canaries are handed to the emitters of a cluster. */
import type { Mutant } from './mutant-list.ts';

const crashes = 'crash,crash-before-commit,crash-after-commit,crash-after-effect';
const calls = 'calls-go-wrong,control-plane-away';

export const scheduleMutants: readonly Mutant[] = [
  {
    name: 'a receipt of another pod is believed',
    file: 'probes/kubernetes/refill-exchange.ts',
    find: 'if (uid === emitter.uid) return settleOne(',
    put: 'if (uid !== "") return settleOne(',
    faults: 'pod-replaced',
  },
  {
    name: 'what another incarnation does not know, it is said to prove',
    file: 'probes/kubernetes/settlement.ts',
    find: 'if (sent.incarnation === dated.receipt.incarnation) {',
    put: 'if (sent.incarnation !== "") {',
    faults: 'node-reboots,agent-drops,agent-stopped',
  },
  {
    name: 'the line whose turn had come when the emitter restarted counts as withheld',
    file: 'probes/kubernetes/settlement.ts',
    find: 'if (next && received + delayMs',
    put: 'if (next && received < 0 && received + delayMs',
    faults: 'emitter-restarts',
  },
  {
    name: 'what a pod that is gone had, counts as withheld at once',
    file: 'probes/kubernetes/refill-exchange.ts',
    find: "plannedAt >= now + GONE_MS ? 'withheld'",
    put: "plannedAt >= now - GONE_MS ? 'withheld'",
    faults: 'pod-replaced',
  },
  {
    name: 'clocks are taken to run alike: nb is too late by the drift',
    file: 'probes/kubernetes/settlement.ts',
    find: 'const DRIFT = 0.001;',
    put: 'const DRIFT = 0;',
    faults: calls,
  },
  {
    name: 'a line is out when its writing began',
    file: 'probes/kubernetes/settlement.ts',
    find: 'answeredAt - age + record.took + READING_MS + drift',
    put: 'answeredAt - age + READING_MS + drift',
    faults: 'emitter-stuck',
  },
  {
    name: 'what a cut receipt does not hold counts as not taken',
    file: 'probes/kubernetes/settlement.ts',
    find: 'if (!dated.receipt.whole) return',
    put: 'if (sent.batch < 0) return',
    faults: calls,
  },
  {
    name: 'lines that are brought again are brought twice',
    file: 'src/engine/refilling.ts',
    find: 'schedule.again = schedule.again.flatMap((range) => without(range, to));',
    put: '',
    faults: `${calls},emitter-restarts`,
  },
  {
    name: 'batch numbers are used again',
    file: 'src/engine/refilling.ts',
    find: 'schedule.nextBatch += 1;',
    put: '',
    faults: 'none',
  },
  {
    name: 'more lines are brought while nothing is known of the last ones',
    file: 'src/engine/handed.ts',
    find: ' && !schedule.unsure',
    put: '',
    faults: calls,
  },
  {
    name: 'after a restart the last lines are taken for known',
    file: 'src/engine/restore.ts',
    find: 'unsure: batches.length > 0',
    put: 'unsure: false',
    faults: `${crashes},${calls}`,
  },
  {
    name: 'schedules are not stored',
    file: 'src/engine/rows.ts',
    find: 'schedule: scheduleRow(stream),',
    put: 'schedule: null,',
    faults: `${crashes},${calls}`,
  },
  {
    name: 'a node that vanished is not taken for one that left',
    file: 'src/engine/listing.ts',
    find: 'if (!present.has(stream.key)) onGone(',
    put: 'if (!present.has(stream.key) && stream.leavingSince !== undefined) onGone(',
    faults: 'node-vanishes,spot-wave',
  },
  {
    name: 'what was handed over is not missed less for the control plane being away',
    file: 'src/engine/emission-finding.ts',
    find: 'return handedUntil(injector) <= state.now;',
    put: 'return handedUntil(injector) > 0;',
    faults: 'control-plane-away',
  },
  {
    name: 'once calls have failed nobody calls again',
    file: 'src/engine/receipts.ts',
    find: 'schedule.nextAt = state.now + Math.min(retryMs.most, wait);',
    put: 'schedule.nextAt = state.now + 100 * wait;',
    faults: calls,
  },
];
