/** The arrows of ARCHITECTURE.md, read from the imports. A failure names the file and what to do instead. */
import { describe, expect, test } from 'vitest';
import {
  cyclesIn,
  type Import,
  importsOf,
  isOwn,
  isVendor,
  loadedWith,
  sourceFiles,
  textOf,
  withoutComments,
} from './architecture/source-graph.ts';

/** From the outermost to the innermost; a part may import from its own and from any further in. */
const tiers: readonly (readonly string[])[] = [
  ['main'],
  ['cli'],
  ['demo'],
  ['app', 'sandbox', 'report', 'config'],
  ['http', 'engine', 'probes', 'notify', 'ledger', 'telemetry'],
  ['probe'],
  ['core'],
  ['lib'],
];

/** Files directly in src that belong to a part: the two composition roots beside `app`, and what all three share. */
const partOfFile: Readonly<Record<string, string>> = {
  'src/node-version.mjs': 'main',
  'src/check-once.ts': 'app',
  'src/check-hooks.ts': 'app',
  'src/drill-desk.ts': 'app',
  'src/drill-schedule.ts': 'app',
  'src/emergency-pager.ts': 'app',
  'src/maintenance-desk.ts': 'app',
  'src/incident-desk.ts': 'app',
  'src/offline.ts': 'app',
  'src/peer-watch.ts': 'app',
  'src/open-probes.ts': 'app',
  'src/key-file.ts': 'app',
};

/** Arrows between parts of one tier, each with its reason. */
const sameTier: Readonly<Record<string, string>> = {
  'http > telemetry': '/metrics is one of the routes',
};

const files = sourceFiles('src', 'probes');
const imports = files.flatMap((file) => importsOf(file));

function partOf(file: string): string | undefined {
  if (file.startsWith('probes/')) return 'probes';
  const [top, folder, ...rest] = file.split('/');
  if (top !== 'src' || folder === undefined) return undefined;
  return partOfFile[file] ?? (rest.length > 0 ? folder : folder.replace(/\.ts$/, ''));
}

function tierOf(part: string | undefined): number {
  return tiers.findIndex((tier) => tier.includes(part ?? ''));
}

function isAllowed({ from, to }: Import): boolean {
  if (!isOwn(to)) return true;
  if (to === 'package.json') return partOf(from) === 'cli';
  const [outer, inner] = [partOf(from), partOf(to)];
  if (outer === inner) return true;
  if (tierOf(inner) < 0) return false;
  return tierOf(outer) < tierOf(inner) || sameTier[`${outer} > ${inner}`] !== undefined;
}

const shown = ({ from, to }: Import) => `${from} > ${to}`;

describe('what this test reads', () => {
  test('given every way to import, when a file is read, then each is found with its kind', () => {
    const text = [
      "import './effect.mjs';",
      "import a, { type B } from '../b.ts';",
      "import type { C } from './c.ts';",
      'export {',
      '  d,',
      "} from './d.ts';",
      "export type { E } from './e.ts';",
      "import manifest from '../../package.json' with { type: 'json' };",
      "// import x from './comment.ts';",
      "/* import('./comment.ts') */",
      "const f = await import('./f.ts');",
      "type G = typeof import('@vendor/g');",
      "readonly h: import('./h.ts').H[];",
    ].join('\n');
    expect(importsOf('src/x/y.ts', text).map(({ to, kind }) => `${kind} ${to}`)).toEqual([
      'static src/x/effect.mjs',
      'static src/b.ts',
      'type src/x/c.ts',
      'static src/x/d.ts',
      'type src/x/e.ts',
      'static package.json',
      'dynamic src/x/f.ts',
      'type @vendor/g',
      'type src/x/h.ts',
    ]);
  });

  test('given a circle over three files, when cycles are sought, then it is found', () => {
    const edge = (from: string, to: string): Import => ({ from, to, kind: 'static' });
    const circle = [edge('a.ts', 'b.ts'), edge('b.ts', 'c.ts'), edge('c.ts', 'a.ts'), edge('c.ts', 'd.ts')];
    expect(cyclesIn(circle)).toEqual(['a.ts > b.ts > c.ts > a.ts']);
    expect(cyclesIn(circle.slice(0, 2))).toEqual([]);
  });

  test('given an arrow the wrong way, when it is judged, then it is refused', () => {
    const edge = (from: string, to: string): Import => ({ from, to, kind: 'static' });
    const wrong = [
      edge('src/core/token.ts', 'src/engine/step.ts'),
      edge('src/lib/clock.ts', 'src/core/token.ts'),
      edge('src/engine/step.ts', 'src/ledger/sqlite.ts'),
      edge('probes/file.ts', 'src/app.ts'),
      edge('src/config/load.ts', 'src/sandbox/sandbox.ts'),
      edge('src/app.ts', 'test/fakes/hand-clock.ts'),
    ];
    expect(wrong.filter(isAllowed)).toEqual([]);
    expect(isAllowed(edge('src/cli/run.ts', 'src/app.ts'))).toBe(true);
  });
});

describe('the arrows', () => {
  test('given every file of ours, then it belongs to a part that has a place', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((file) => tierOf(partOf(file)) < 0)).toEqual([]);
  });

  test('given every import of ours, then it points inwards', () => {
    expect(imports.filter((each) => !isAllowed(each)).map(shown)).toEqual([]);
  });

  test('given every exception, then it is still needed', () => {
    const crossing = new Set(imports.map(({ from, to }) => `${partOf(from)} > ${partOf(to)}`));
    expect(Object.keys(sameTier).filter((arrow) => !crossing.has(arrow))).toEqual([]);
    expect(Object.keys(partOfFile).filter((file) => !files.includes(file))).toEqual([]);
  });

  test('given every import of ours, then it goes to a file that is there', () => {
    const present = new Set([...files, 'package.json']);
    expect(imports.filter(({ to }) => isOwn(to) && !present.has(to)).map(shown)).toEqual([]);
  });

  test('given all imports, types too, then there is no circle', () => {
    expect(cyclesIn(imports)).toEqual([]);
  });
});

describe('what comes from outside', () => {
  test('given core, then it takes nothing from outside but one hash', () => {
    const outside = imports.filter(({ from, to }) => partOf(from) === 'core' && !isOwn(to));
    expect(outside.map(shown)).toEqual(['src/core/dedup-key.ts > node:crypto']);
  });

  test('given lib and the engine, then they take no package, so nothing there owns a timer', () => {
    const inner = imports.filter(({ from, to }) => ['lib', 'engine'].includes(partOf(from) ?? '') && isVendor(to));
    expect(inner.map(shown)).toEqual([]);
  });

  test('given the engine, then it does no I/O of its own', () => {
    const builtIn = imports.filter(({ from, to }) => partOf(from) === 'engine' && to.startsWith('node:'));
    expect(builtIn.map(shown)).toEqual([]);
  });

  test('given the list of probes, when it is loaded, then no vendor is loaded with it', () => {
    const loaded = [...loadedWith(['probes/index.ts'], imports)];
    expect(loaded).toContain('probes/kinesis.ts');
    expect(loaded.filter(isVendor)).toEqual(['zod']);
  });

  test('given the command line, when it is loaded, then only its own library is loaded with it', () => {
    const loaded = [...loadedWith(['src/cli/program.ts', 'src/cli/commands.ts'], imports)];
    expect(loaded).toContain('src/cli/run.ts');
    expect(loaded.filter(isVendor)).toEqual(['commander']);
  });

  test('given every file of ours, then only main touches the process', () => {
    const touching = files.filter((file) => {
      const code = withoutComments(textOf(file));
      return /\bprocess\??\.[a-z]/.test(code) || /'(node:)?process'/.test(code);
    });
    expect(touching).toEqual([
      'src/ledger/owner-lock.ts', // its own number, for the message of whoever comes second
      'src/main.ts',
      'src/node-version.mjs',
      'src/sandbox/kinesis-emulator-preload.ts', // a program of its own
    ]);
    const uses = withoutComments(textOf('src/ledger/owner-lock.ts')).match(/\bprocess\??\.\w+/g);
    expect(new Set(uses)).toEqual(new Set(['process.pid']));
  });
});

describe('probes', () => {
  const probes = sourceFiles('probes').filter((file) => /^probes\/[^/]+\.ts$/.test(file) && file !== 'probes/index.ts');

  /** What several systems are read by, and who may use it besides: all of AWS share `aws/`, the checks of agents `agents/`. */
  const shared: Readonly<Record<string, RegExp>> = {
    aws: /./,
    agents: /^(filebeat|fluent-bit|fluentd|logstash|metricbeat|kube-state-metrics|alertmanager|prometheus|elastalert)/,
    // the figures of agents are also in the index, and they refuse in its way
    elasticsearch: /^(agents|metricbeat|elastalert)/,
    // agents are found, and asked, through the API server
    kubernetes: /^agents/,
    // what comes back over any HTTP instead of an answer
    http: /^(agents|elasticsearch|kubernetes)$/,
  };

  /** The folder of its system: `elasticsearch-disk` may use `elasticsearch/`. */
  function isFamily(from: string, to: string): boolean {
    const kind = from.split('/')[1]?.replace(/\.ts$/, '') ?? '';
    const folder = to.split('/')[1] ?? '';
    const isOf = kind === folder || kind.startsWith(`${folder}-`) || shared[folder]?.test(kind) === true;
    return to.split('/').length > 2 && isOf;
  }

  test('given a probe, then of ours it imports src/probe.ts and its own folder, nothing else', () => {
    const own = imports.filter(({ from, to }) => from.startsWith('probes/') && isOwn(to));
    const foreign = own.filter(
      ({ from, to }) => from !== 'probes/index.ts' && to !== 'src/probe.ts' && !isFamily(from, to),
    );
    expect(foreign.map(shown)).toEqual([]);
  });

  test('given probes/index.ts, then it lists every probe, one line each', () => {
    const listed = imports.filter(({ from, kind }) => from === 'probes/index.ts' && kind === 'static');
    expect(listed.map(({ to }) => to).toSorted()).toEqual(probes);
  });

  test('given a probe, then it has a test file', () => {
    const tests = sourceFiles('test/probes');
    expect(probes.filter((file) => !tests.includes(`test/${file.replace(/\.ts$/, '.test.ts')}`))).toEqual([]);
  });
});
