/** What the documents say is what the code does: a stale copy fails here. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import probes from '../probes/index.ts';
import { commands } from '../src/cli/commands.ts';
import { buildProgram } from '../src/cli/program.ts';
import { loadConfig } from '../src/config/load.ts';
import { incidentKinds } from '../src/core/incident.ts';
import { shapes } from '../src/core/pipeline.ts';
import { hopStates } from '../src/core/status.ts';
import { accounted } from '../src/core/verdict-name.ts';
import { isBlind } from '../src/engine/reason.ts';
import type { Reason } from '../src/lib/errors.ts';
import notifiers from '../src/notify/index.ts';
import { faultNames } from '../src/sandbox/fault-board.ts';
import { series } from '../src/telemetry/series.ts';
import { metricPage } from './docs/metric-page.ts';
import { probePage } from './docs/probe-page.ts';

const root = path.join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'docs/errors.md',
  'docs/security.md',
];
const [readme, architecture, , , errors] = documents.map(read) as [string, string, string, string, string];

/** The text below a heading, up to the next of the same or a higher level. */
function part(text: string, heading: string): string {
  const level = heading.match(/^#+/)?.[0].length ?? 0;
  const [, after = ''] = text.split(`${heading}\n`);
  return after.split(new RegExp(`^#{1,${level}} `, 'm'))[0] ?? '';
}

/** What stands between backquotes in the first column of the tables of a text. */
function firstColumn(text: string): string[] {
  return [...text.matchAll(/^\| `([^`]+)`/gm)].map(([, name = '']) => name);
}

function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, name = '']) => name);
}

const nowhere = { write: () => true };
const program = buildProgram(
  { stdout: nowhere, stderr: nowhere, env: {}, cwd: root, isTty: false, signal: new AbortController().signal },
  commands,
);

describe('README', () => {
  test('given its set-up commands, then they are exactly these, and their scripts exist', () => {
    const shown = new Set([...readme.matchAll(/\bnpm (?:ci && npm start|cit|run [a-z:]+)/g)].map(([text]) => text));
    expect(shown).toContain('npm ci && npm start');
    expect(shown).toContain('npm cit');
    for (const text of shown) {
      const script = /^npm run (.+)/.exec(text)?.[1] ?? 'test';
      expect(Object.keys(manifest.scripts)).toContain(script);
    }
    expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(['start', 'test']));
  });

  test('given its table of commands, then it lists every command there is, in order', () => {
    const named = firstColumn(part(readme, '## Commands')).map((text) => text.split(' ')[0]);
    expect(named).toEqual(program.commands.map((command) => command.name()));
  });

  test('given the options it names, then some command has each', () => {
    const known = new Set(['--help', ...program.commands.flatMap(({ options }) => options.map(({ long }) => long))]);
    const named = quoted(part(readme, '## Commands')).flatMap((text) => text.match(/--[a-z-]+/g) ?? []);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((option) => !known.has(option))).toEqual([]);
  });

  test('given its configuration, when it is loaded, then it has no fault', async () => {
    const [, text = ''] = readme.match(/```yaml\n([\s\S]*?)```/) ?? [];
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(12);
    const dir = mkdtempSync(path.join(tmpdir(), 'logcanary-readme-'));
    try {
      writeFileSync(path.join(dir, 'my.yaml'), text);
      const env = { PAGERDUTY_ROUTING_KEY: '0123456789abcdef0123456789abcdef' };
      const config = await loadConfig({ file: 'my.yaml', cwd: dir, env, probes, notifiers });
      expect(config.pipelines[0]?.hops.length).toBeGreaterThan(1);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test('given the faults it names, then they are those of the sandbox', () => {
    expect(
      quoted(part(readme, '## Break it'))
        .filter((name) => /^[a-z]+(-[a-z]+)+$/.test(name))
        .toSorted(),
    ).toEqual([...faultNames].toSorted());
  });
});

describe('ARCHITECTURE', () => {
  const builtMetrics = series.map(({ name }) => name.replace(/^logcanary_/, ''));

  test('given its table of faults, then it names every fault of the sandbox once', () => {
    const table = part(architecture, '### What each fault must give')
      .split('\n')
      .filter((line) => line.startsWith('|'));
    const named = table.slice(2).flatMap((line) => (line.split('|')[2] ?? '').match(/[a-z]+(?:-[a-z]+)+/g) ?? []);
    expect(named.toSorted()).toEqual([...faultNames].toSorted());
  });

  test('given its list of metrics, then every series is in it, and what is not built says so', () => {
    const section = part(architecture, '### Metrics');
    const expand = (name: string): string[] => {
      const [, before, choice, after] = /^(\w*)\{([a-z,]+)\}(_\w+)/.exec(name) ?? [];
      return choice === undefined ? [name.replace(/\{.*/, '')] : choice.split(',').map((one) => before + one + after);
    };
    const named = quoted(section).flatMap(expand);
    expect(builtMetrics.filter((name) => !named.includes(name))).toEqual([]);
    const notBuilt = quoted(section.slice(section.indexOf('Not built yet:'))).flatMap(expand);
    const metrics = named.filter((name) => /_(total|seconds|ratio|info|open|state|expected)$/.test(name));
    expect(metrics.filter((name) => !builtMetrics.includes(name) && !notBuilt.includes(name))).toEqual([]);
    expect(notBuilt.filter((name) => builtMetrics.includes(name))).toEqual([]);
  });

  test('given its words, then verdicts, hop states, incident kinds and shapes are those of the code', () => {
    const identity = /expected = ([a-z +]+)`/.exec(architecture)?.[1]?.split(' + ');
    expect(identity).toEqual(accounted);
    const states = /hop_state\{state="([a-z|]+)"\}/.exec(architecture)?.[1]?.split('|');
    expect(states).toEqual(hopStates);
    const kinds = firstColumn(part(architecture, '### Kinds of incident'));
    expect(kinds.toSorted()).toEqual([...incidentKinds].toSorted());
    for (const shape of shapes) expect(part(architecture, '## The canary')).toContain(`\`${shape}\``);
  });

  test('given the commands of its contract, then every command there is is among them', () => {
    const section = part(architecture, '### Command line');
    for (const command of program.commands) expect(section).toContain(`\`${command.name()}`);
  });
});

describe('docs', () => {
  test('given the probes, then docs/probes.md is made from them', async () => {
    await expect(probePage(probes)).toMatchFileSnapshot(path.join(root, 'docs/probes.md'));
  });

  test('given the metrics, then docs/metrics.md is made from them', async () => {
    await expect(metricPage(series)).toMatchFileSnapshot(path.join(root, 'docs/metrics.md'));
  });

  test('given the codes of errors, then docs/errors.md lists exactly those', () => {
    const [, union = ''] = /abstract readonly code: ([^;]+);/.exec(read('src/lib/errors.ts')) ?? [];
    const codes = [...union.matchAll(/'([A-Z]+)'/g)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(3);
    expect(firstColumn(part(errors, '## Codes'))).toEqual(codes);
  });

  test('given the reasons of errors, then docs/errors.md lists exactly those, and says which make us blind', () => {
    const source = read('src/lib/errors.ts').split('export type Reason =')[1]?.split(';')[0] ?? '';
    const reasons = [...source.matchAll(/^ {2}\| '([a-z_]+)'/gm)].map(([, reason]) => reason as Reason);
    expect(reasons.length).toBeGreaterThan(10);
    const rows = part(errors, '## Reasons').matchAll(/^\| `([a-z_]+)` \|[^|]*\| (blind|unreadable) \|/gm);
    const said = [...rows].map(([, reason, incident]) => ({ reason, incident }));
    expect(said).toEqual(reasons.map((reason) => ({ reason, incident: isBlind(reason) ? 'blind' : 'unreadable' })));
  });
});

describe('every document', () => {
  test('given its links into this repository, then what they name is there', () => {
    for (const file of documents) {
      const links = [...read(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link);
      expect(links.filter((link) => !existsSync(path.join(root, path.dirname(file), link)))).toEqual([]);
    }
  });

  test('given its text, then it holds no path of a machine and no host of a private registry', () => {
    // written apart, so that this file does not find itself
    const paths = new RegExp(
      ['/home/', '/root/', '/Users/', '/tmp/', '/work/'].map((each) => `(?<![\\w.])${each}`).join('|'),
    );
    for (const file of [...documents, 'docs/probes.md', 'docs/metrics.md', 'package.json', '.npmrc', '.ci/run'])
      expect(read(file), file).not.toMatch(paths);
    const hosts = [...read('package-lock.json').matchAll(/"resolved": "https?:\/\/([^/"]+)/g)].map(([, host]) => host);
    expect(hosts.filter((host) => host !== 'registry.npmjs.org')).toEqual([]);
  });
});

describe('deploy', () => {
  const rules = read('deploy/prometheus/logcanary.rules.yml');

  test('given the Prometheus rules, when they name a series of ours, then there is such a series', () => {
    const known = new Set(series.map(({ name }) => name));
    const named = [...rules.matchAll(/\blogcanary_[a-z_]+\b/g)].map(([name]) => name);
    expect(named.length).toBeGreaterThan(4);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  test('given the systemd unit, when it names a file of this repository, then it is there', () => {
    const unit = read('deploy/systemd/logcanary.service');
    const command = /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? '';
    const files = command.split(' ').filter((word) => word.startsWith('src/') || word.startsWith('./src/'));
    expect(files).toEqual(['./src/node-version.mjs', 'src/main.ts']);
    expect(files.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  });
});
