/** docs/notifiers.md says what the code does. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import probes from '../../probes/index.ts';
import { loadConfig } from '../../src/config/load.ts';
import { frameKeys } from '../../src/config/schema.ts';
import notifiers from '../../src/notify/index.ts';
import { placeholders } from '../../src/notify/links.ts';

const page = readFileSync(path.join(import.meta.dirname, '../../docs/notifiers.md'), 'utf8');
const rows = (heading: string) => {
  const [, after = ''] = page.split(heading);
  const table = after.slice(after.indexOf('\n| ')).split('\n\n')[0] ?? '';
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
};

test('given its table of kinds, then it has each, with its default severity and how often it is told again', () => {
  const said = rows('# Channels').map(([kind, , severity, , , again]) => [kind, severity, again !== '–']);
  expect(said).toEqual(
    notifiers.map(({ kind, defaultMinSeverity, renewEveryMs }) => [
      `\`${kind}\``,
      defaultMinSeverity,
      renewEveryMs !== undefined,
    ]),
  );
});

test('given its table of keys, then it has every key that may stand beside a kind', () => {
  expect(
    rows('## Where a notification goes')
      .map(([key]) => key)
      .toSorted(),
  ).toEqual(frameKeys.notify.map((key) => `\`${key}\``).toSorted());
});

test('given its placeholders, then they are those of the code', () => {
  for (const name of placeholders) expect(page).toContain(`\`{${name}}\``);
});

test('given its example, when it is loaded, then it has no fault and names most kinds', async () => {
  const [, example = ''] = page.match(/```yaml\n([\s\S]*?)```/) ?? [];
  const pipelines =
    'pipelines:\n  - name: prod\n    inject: [{ file: { path: ./a.log } }]\n    hops: [{ name: alert, webhook: {}, within: 30s }]\n';
  const env = {
    PAGERDUTY_ROUTING_KEY: '0123456789abcdef0123456789abcdef',
    SLACK_BOT_TOKEN: 'xoxb-0123456789',
    WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    SMTP_PASSWORD: 'correct horse',
    JSM_API_KEY: '0123-4567-89ab',
  };
  const config = await loadConfig({ file: 'my.yaml', text: pipelines + example, env, probes, notifiers });
  expect(new Set(config.notify.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(6);
  expect(config.notify.find(({ kind }) => kind === 'alertmanager')?.renewEveryMs).toBe(60_000);
});
