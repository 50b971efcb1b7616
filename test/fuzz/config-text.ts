/** Configuration files as people and merge tools leave them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import probes from '../../probes/index.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/lib/errors.ts';
import notifiers from '../../src/notify/index.ts';
import { editText, spices, textEdits } from './mutation.ts';
import { type FuzzTarget, pure, refuse } from './target.ts';

const secret = 'Zq7plantedSecretXw9kL3';
/** Only expanded values are told apart from others wherever an edit moves them. */
const env = {
  LOGCANARY_KEY: `${secret}-key`,
  PAGERDUTY_ROUTING_KEY: secret.padEnd(32, 'x'),
  SLACK_WEBHOOK_URL: `https://hooks.slack.com/services/T0/B0/${secret}`,
  HEARTBEAT_URL: `https://hc.example/${secret}`,
  SECRET: secret,
};

const folder = path.join(import.meta.dirname, '../config');
const valid = readFileSync(path.join(folder, 'valid.yml'), 'utf8');
const lines = valid.split('\n');

const texts = fc.oneof(
  { arbitrary: fc.tuple(fc.constant(valid), textEdits).map(([text, edits]) => editText(text, edits)), weight: 6 },
  fc.shuffledSubarray(lines).map((some) => some.join('\n')),
  fc
    .array(fc.oneof(spices, fc.constantFrom('pipelines: ', 'hops:\n', '  - ', 'a: ', '\n'), fc.string()), {
      maxLength: 30,
    })
    .map((all) => all.join('')),
);

const property = fc.asyncProperty(texts, async (text) => {
  try {
    await loadConfig({ file: path.join(folder, 'fuzzed.yml'), text, env, probes, notifiers });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const said = `${error.message}\n${error.stack}\n${JSON.stringify(error)}`;
    for (let at = 0; at + 8 <= secret.length; at += 1)
      if (said.includes(secret.slice(at, at + 8))) refuse(`the error holds the secret: ${error.message}`);
    if (error.faults.length === 0 || error.faults.length > 101) refuse(`${error.faults.length} faults`);
    for (const fault of error.faults) if (fault.message === '') refuse('a fault without a message');
  }
});

export const configTargets: readonly FuzzTarget[] = [pure('configuration files', 250, property)];
