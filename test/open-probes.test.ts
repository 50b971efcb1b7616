/** Opening everything a configuration names, and closing it again whatever goes wrong. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createClock } from '../src/lib/clock.ts';
import { silentLog } from '../src/lib/log.ts';
import { openProbes } from '../src/open-probes.ts';
import { type AnyProbe, defineProbe, type Observer } from '../src/probe.ts';
import { configOf, hopSpec, sandboxPipeline } from './engine/sandbox-config.ts';

/** Each hop's `options` say what its probe does. */
type Does = 'works' | 'fails to open' | 'fails to close';

function probesOf(closed: string[]): AnyProbe[] {
  const observer = (does: Does, name: string): Observer => ({
    mode: 'poll',
    finds: 'unique',
    observe: async () => ({ coverage: 'complete', finds: [] }),
    async close() {
      closed.push(name);
      if (does === 'fails to close') throw new Error('cannot close');
    },
  });
  return [
    defineProbe<never, { does: Does; name: string }>({
      kind: 'fake',
      measures: 'nothing',
      runbook: {},
      observe: {
        config: z.any(),
        target: ({ name }) => name,
        async open({ does, name }) {
          if (does === 'fails to open') throw new Error('secretless words of a vendor');
          return observer(does, name);
        },
      },
    }),
  ];
}

const context = { clock: createClock(), log: silentLog };
function configWith(...hops: readonly Does[]) {
  const specs = hops.map((does, at) => hopSpec({ name: `h${at}`, options: { does, name: `h${at}` } }));
  return configOf({ pipelines: [sandboxPipeline({ inject: [], hops: specs })] });
}

test('given a probe that cannot be opened, when others were, then they are closed again, and it says which it was', async () => {
  const closed: string[] = [];
  const opening = openProbes(configWith('works', 'works', 'fails to open', 'works'), probesOf(closed), context);
  await expect(opening).rejects.toThrow('Cannot open sandbox/h2: secretless words of a vendor');
  expect(closed.sort()).toEqual(['h0', 'h1']);
});

test('given a probe that cannot be closed, when all are, then the others are closed all the same, each once', async () => {
  const closed: string[] = [];
  const probes = await openProbes(configWith('works', 'fails to close', 'works'), probesOf(closed), context);
  await probes.close();
  await probes.close();
  expect(closed.sort()).toEqual(['h0', 'h1', 'h2']);
});
