import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { describeConfig } from '../../src/config/describe.ts';
import { variable } from '../../src/config/field.ts';
import { type LoadOptions, loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/lib/errors.ts';
import { fakeNotifiers, fakeProbes } from './fake-kinds.ts';

const here = import.meta.dirname;
const invalid = join(here, 'invalid');
const folder = mkdtempSync(join(tmpdir(), 'logcanary-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const env = {
  SET: 'from-env-value',
  LOGCANARY_KEY: 'a key that is long enough',
  PAGERDUTY_ROUTING_KEY: '0123456789abcdef0123456789abcdef',
  SLACK_WEBHOOK_URL: 'https://hooks.slack.example/services/T0/B0/x',
  HEARTBEAT_URL: 'https://hc-ping.example/uuid',
};

function load(options: Partial<LoadOptions> & { file: string }) {
  return loadConfig({ env, probes: fakeProbes, notifiers: fakeNotifiers, ...options });
}

async function faultsOf(options: Partial<LoadOptions> & { file: string }): Promise<string> {
  const error = await load(options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error('Expected a ConfigError.', { cause: error });
  return error.message;
}

/** A file that has no faults, with something in place of its only hop's `within`. */
const minimal = (within = '30s', more = '') =>
  `pipelines:\n  - name: p\n    inject: [{ file: { path: a.log } }]\n    hops: [{ name: s, webhook: {}, within: ${within} }]\n${more}`;

describe('a file with faults', () => {
  const cases = readdirSync(invalid).flatMap((name) => (name.endsWith('.yml') ? [name.slice(0, -4)] : []));

  it('given the folder of bad files, then each is paired with its message', () => {
    const messages = readdirSync(invalid).flatMap((name) => (name.endsWith('.txt') ? [name.slice(0, -4)] : []));
    expect(messages).toEqual(cases);
    expect(cases.length).toBeGreaterThan(20);
  });

  it.each(cases)('given %s.yml, when it is loaded, then exactly the faults of its .txt are told', async (name) => {
    const message = await faultsOf({ file: `${name}.yml`, cwd: invalid, env: { SET: env.SET } });
    expect(`${message}\n`).toBe(readFileSync(join(invalid, `${name}.txt`), 'utf8'));
  });

  it('given six faults of different nature, then all six are told at once', async () => {
    expect((await faultsOf({ file: 'six-faults.yml', cwd: invalid })).split('\n')).toHaveLength(5);
    expect((await faultsOf({ file: 'six-faults.yml', cwd: invalid, env: {} })).split('\n')).toHaveLength(6);
  });

  it('given 180 faults, then a hundred are told and the rest counted', async () => {
    const hops = Array.from({ length: 90 }, (_, index) => `{ name: h${index}, webhook: {}, within: 1, poll: 2 }`).join(
      ', ',
    );
    const text = `pipelines: [{ name: p, inject: [{ file: { path: a } }], hops: [${hops}] }]`;
    const lines = (await faultsOf({ file: 'f.yml', text })).split('\n');
    expect(lines).toHaveLength(101);
    expect(lines.at(-1)).toBe('f.yml: 80 more faults. Correct these first.');
  });

  it('given a file full of hops in one long chain, then it is refused at once', async () => {
    const hop = (_: unknown, index: number) => `{name: h${index}, after: h${index + 1}, webhook: {}, within: 9s}`;
    const hops = Array.from({ length: 15_000 }, hop).join(', ');
    const message = await faultsOf({
      file: 'f.yml',
      text: `pipelines: [{ name: p, inject: [{ file: { path: a } }], hops: [${hops}] }]`,
    });
    expect(message).toBe('f.yml:1:63 pipelines[0].hops: too long a list. Write at most 100 entries.');
  });

  it('given keys that every object has, then they are unknown keys like any other', async () => {
    const text = minimal('30s', '__proto__: { polluted: true }\nconstructor: 1\n');
    const message = await faultsOf({ file: 'f.yml', text });
    expect(message).toContain('unknown key __proto__. Known: ');
    expect(message).toContain('unknown key constructor. Known: ');
  });
});

describe('a file that is no text', () => {
  const write = (name: string, bytes: Uint8Array | string) => writeFileSync(join(folder, name), bytes);
  write('binary.yml', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2]));
  write('latin1.yml', Buffer.from('deployment: t\xf4ky\xf4\n', 'latin1'));
  write('utf16.yml', Buffer.from('\ufeffdeployment: tokyo\n', 'utf16le'));
  write('ten-megabytes.yml', Buffer.alloc(10 * 1024 * 1024, '#'));
  write('bom.yml', `\ufeff${minimal()}`);

  it.each([
    ['missing.yml', 'missing.yml: does not exist. Check the path.'],
    ['.', '.: is a folder. Name a file in it.'],
    ['binary.yml', 'binary.yml: is a binary file. Name a text file.'],
    ['latin1.yml', 'latin1.yml: is not valid UTF-8. Save it as UTF-8 text.'],
    ['utf16.yml', 'utf16.yml: is UTF-16 text. Save it as UTF-8.'],
    ['ten-megabytes.yml', 'ten-megabytes.yml: is bigger than 1024 KiB. Is it the right file?'],
    ['/dev/zero', '/dev/zero: is bigger than 1024 KiB. Is it the right file?'],
  ])('given %s, when it is loaded, then one plain fault says so', async (file, message) => {
    expect(await faultsOf({ file, cwd: folder })).toBe(message);
  });

  it('given a UTF-8 byte order mark, then it is skipped', async () => {
    expect((await load({ file: 'bom.yml', cwd: folder })).pipelines).toHaveLength(1);
  });
});

describe('a file without faults', () => {
  it('given the contract example, then everything in it is understood', async () => {
    const config = await load({ file: 'valid.yml', cwd: here });
    expect(config).toMatchObject({
      file: 'valid.yml',
      listen: { host: '127.0.0.1', port: 9780 },
      ledger: join(here, 'logcanary.db'),
      deployment: 'tokyo',
      keys: [{ id: 'a1', secret: env.LOGCANARY_KEY }],
      heartbeats: [{ url: env.HEARTBEAT_URL, everyMs: 60_000 }],
      expectedPings: [{ name: 'alertmanager', everyMs: 60_000, graceMs: 180_000 }],
    });
    expect(config.notify).toEqual([
      {
        name: 'pagerduty',
        kind: 'pagerduty',
        minSeverity: 'critical',
        options: { routing_key: env.PAGERDUTY_ROUTING_KEY },
      },
      { name: 'slack', kind: 'slack', minSeverity: 'critical', options: { webhook_url: env.SLACK_WEBHOOK_URL } },
    ]);
    const [pipeline] = config.pipelines;
    expect(pipeline?.hops.map((hop) => hop.name)).toEqual(['stream', 'index', 'alert']);
    expect(pipeline?.checks.map((check) => check.name)).toEqual(['elasticsearch-disk', 'elasticsearch-disk-2']);
    expect(pipeline?.inject[1]).toMatchObject({ name: 'kinesis', enters: 'stream', everyMs: 10_000 });
    expect(pipeline?.hops[1]).toMatchObject({
      after: 'stream',
      withinMs: 180_000,
      pollMs: 30_000,
      timeoutMs: 30_000,
      sample: { take: 1, of: 1 },
      retentionMs: 7 * 86_400_000,
      exclusive: true,
      options: { url: 'https://es:9200', index: 'filebeat-*', fields: ['message'] },
    });
    expect(pipeline?.loss).toEqual({ budget: 0.001, windowMs: 600_000 });
  });

  it('given who stands in for whom, filters, languages and links, then the engine and the channels get them', async () => {
    const config = await load({ file: 'links.yml', cwd: here });
    expect(config.notify.map(({ options: _, ...rest }) => rest)).toEqual([
      {
        name: 'pagerduty',
        kind: 'pagerduty',
        minSeverity: 'critical',
        fallback: { to: 'chat', afterMs: 120_000 },
      },
      { name: 'chat', kind: 'slack', minSeverity: 'warning', standby: true, locale: 'ja', timezone: 'Asia/Tokyo' },
      {
        name: 'lead',
        kind: 'slack',
        minSeverity: 'critical',
        only: { pipelines: ['prod'], kinds: ['stopped', 'lossy'] },
        escalateAfterMs: 1_800_000,
        fallback: { to: 'chat', afterMs: 600_000 },
      },
    ]);
    expect(describeConfig(config, fakeProbes)).toContain(
      'told: pagerduty (pagerduty; critical and above; else chat after 2m), chat (slack; only where another fails), ' +
        'lead (slack; critical and above; of prod; stopped, lossy; once it is critical for 30m; else chat after 10m)',
    );
    expect(config.links).toEqual({
      page: 'https://logcanary.example/',
      runbook: 'https://wiki.example/{kind}',
      discover: { alert: 'https://kibana.example/#/?q={hop}&from={from}' },
    });
  });

  it('given only what is required, then the defaults of the contract hold', async () => {
    const config = await load({ file: '/etc/logcanary/c.yml', text: minimal('8s') });
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 9780 },
      ledger: '/etc/logcanary/logcanary.db',
      deployment: 'default',
      keys: [],
      notify: [],
      heartbeats: [],
      expectedPings: [],
      http: {},
    });
    expect(config.pipelines[0]).toMatchObject({
      inject: [{ name: 'file', everyMs: 30_000, maxPerSecond: 100, shapes: ['plain'] }],
      hops: [{ pollMs: 2_000, timeoutMs: 10_000 }],
      lostAfterMs: 6 * 3_600_000,
      pageAfterMs: 300_000,
      resolveAfterMs: 300_000,
      stoppedEveryMs: 60_000,
      keepCanariesMs: 7 * 86_400_000,
      keepRollupsMs: 400 * 86_400_000,
    });
  });

  it('given a poll of exactly a quarter of within, as in the sandbox, then it is accepted', async () => {
    const text = minimal('8s, poll: 2s');
    expect((await load({ file: 'f.yml', text })).pipelines[0]?.hops[0]?.pollMs).toBe(2_000);
  });

  it('given the same text twice, then the hash is the same; given another, then not', async () => {
    const hash = async (text: string) => (await load({ file: 'f.yml', text })).hash;
    expect(await hash(minimal())).toMatch(/^[0-9a-f]{16}$/);
    expect(await hash(minimal())).toBe(await hash(minimal()));
    expect(await hash(minimal())).not.toBe(await hash(minimal('31s')));
  });

  it('given file: and a variable in one text, then both are expanded, once, and never parsed', async () => {
    writeFileSync(join(folder, 'secret.txt'), `file:${variable('SET')} { not: yaml }\n`);
    const text = minimal('30s', `http: { secret: "file:${variable('NAME')}.txt" }\n`);
    const config = await load({ file: join(folder, 'f.yml'), text, env: { NAME: 'secret' } });
    expect(config.http.secret).toBe(`file:${variable('SET')} { not: yaml }`);
  });
});
