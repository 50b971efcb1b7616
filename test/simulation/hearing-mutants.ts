/** Deliberate defects in what people hear: maintenance, channels that stand in for others, what comes and goes, labels. */
import type { Mutant } from './mutant-list.ts';

const crashes = 'crash,crash-before-commit,crash-after-commit';
const announced = 'agent-stopped,index-down,maintenance';

export const hearingMutants: readonly Mutant[] = [
  {
    name: 'maintenance is forgotten on restart',
    file: 'src/engine/restore.ts',
    find: 'maintenance: restoreMaintenance(meta),',
    put: 'maintenance: restoreMaintenance(new Map()),',
    faults: `${announced},${crashes}`,
    hours: 48,
  },
  {
    name: 'what outlives its maintenance is told to nobody',
    file: 'src/engine/outbox.ts',
    find: 'incident.hushed ||= isQuiet(state, incident.facts);',
    put: 'incident.hushed ||= false;',
    faults: announced,
    hours: 48,
  },
  {
    name: 'what outlives its maintenance is told to nobody after a restart',
    file: 'src/engine/outbox.ts',
    find: 'incident.hushed = !resolved && isQuiet(state, incident.facts);',
    put: 'incident.hushed = false;',
    faults: `${announced},${crashes}`,
    hours: 96,
  },
  {
    name: 'maintenance of one hop hides all others',
    file: 'src/core/window.ts',
    find: ' && (hop ?? place.hop) === place.hop;',
    put: ' && (hop ?? place.hop) !== "";',
    faults: announced,
    hours: 48,
  },
  {
    name: 'maintenance lasts an hour longer than was said',
    file: 'src/core/window.ts',
    find: 'return now >= from && now < until;',
    put: 'return now >= from && now < until + 3_600_000;',
    faults: announced,
    hours: 48,
  },
  {
    name: 'the phone is told at the first try that the pager refuses',
    file: 'src/engine/fallback.ts',
    find: 'state.now - row.queuedAt >= fallback.afterMs',
    put: 'state.now >= row.queuedAt',
    faults: 'agent-stopped,index-down,pager-down',
    hours: 48,
  },
  {
    name: 'the phone is told of nothing',
    file: 'src/engine/fallback.ts',
    find: 'state.now - row.queuedAt >= fallback.afterMs',
    put: 'state.now < row.queuedAt',
    faults: 'agent-stopped,index-down,pager-down',
    hours: 48,
  },
  {
    name: 'the phone is not told of the end',
    file: 'src/engine/outbox.ts',
    find: "if (action === 'resolve' ? !told :",
    put: "if (action === 'resolve' ? !told || notifier.standby === true :",
    faults: 'agent-stopped,index-down,pager-down',
    hours: 48,
  },
  {
    name: 'what comes and goes is told each time',
    file: 'src/engine/flapping.ts',
    find: 'const cycles = 3;',
    put: 'const cycles = 300;',
    faults: 'agent-flaps',
    hours: 48,
  },
  {
    name: 'what comes and goes is over as soon as anything else',
    file: 'src/engine/flapping.ts',
    find: 'const steadyResolves = 6;',
    put: 'const steadyResolves = 1;',
    faults: 'agent-flaps',
    hours: 48,
  },
  {
    name: 'no label is ever certain enough',
    file: 'src/core/blame.ts',
    find: 'const significance = 0.05;',
    put: 'const significance = 0.000_05;',
    faults: 'zone-stopped',
    streams: 12,
  },
];
