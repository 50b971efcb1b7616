/** Defects of what is done while a pipeline is off, and as it wakes. */
import type { Mutant } from './mutant-list.ts';

const byNight = { sleeps: true, faults: 'none', hours: 16 } as const;

export const restMutants: readonly Mutant[] = [
  {
    name: 'what is off is judged',
    file: 'src/engine/rest.ts',
    find: 'return rest.off !== undefined || now < rest.quietUntil;',
    put: 'return now < rest.quietUntil;',
    ...byNight,
  },
  {
    name: 'what has just been switched on is judged',
    file: 'src/engine/rest.ts',
    find: 'return rest.off !== undefined || now < rest.quietUntil;',
    put: 'return rest.off !== undefined;',
    ...byNight,
  },
  {
    name: 'what was on its way at night counts by day',
    file: 'src/engine/rest.ts',
    find: 'hop.absorbBefore = Math.max(hop.absorbBefore, state.now);',
    put: '',
    ...byNight,
  },
  {
    name: 'lines go out while it is off',
    file: 'src/engine/injecting.ts',
    find: 'if (pipeline.rest.off !== undefined) continue;',
    put: '',
    ...byNight,
  },
  {
    name: 'lines are handed over for the night',
    file: 'src/engine/refilling.ts',
    find: 'stream.injector.pipeline.rest.until ?? Number.POSITIVE_INFINITY',
    put: 'Number.POSITIVE_INFINITY',
    cluster: true,
    ...byNight,
  },
  {
    name: 'lines are handed over at night',
    file: 'src/engine/handed.ts',
    find: 'stream.injector.pipeline.rest.off === undefined && ',
    put: '',
    cluster: true,
    ...byNight,
  },
];
