import type { Command } from 'commander';
import { dedupKeyOf } from '../core/dedup-key.ts';
import { evidenceOf, evidenceText } from '../core/evidence.ts';
import { looksFor, lookText, ownAdvice } from '../core/first-look.ts';
import type { IncidentFacts } from '../core/incident.ts';
import type { Notifier } from '../core/notifier.ts';
import type { Config } from '../core/pipeline.ts';
import { type Clock, createClock, type EpochMs } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { silentLog } from '../lib/log.ts';
import { openNotifier } from '../open-probes.ts';
import { addCommand, type CliIo, CommandExit } from './command.ts';
import { type KnownKinds, loadNamed, shippedKinds } from './kinds.ts';

/** One try of this long, ms, for the page and its resolution together. */
const deadlineMs = 10_000;

/** `page-test`: sends a page that says it is a test, and resolves it at once. */
export function register(program: Command, io: CliIo, kinds = shippedKinds, clock: Clock = createClock()): void {
  addCommand(program, {
    usage: 'page-test <notifier>',
    summary: 'Send a marked test page through one notifier, then resolve it. One try of 10 s.',
    examples: ['page-test --config logcanary.yaml pagerduty', 'page-test --config logcanary.yaml slack'],
  })
    .requiredOption('--config <file>', 'the configuration file')
    .action(async (name: string, options: { config: string }) => {
      const known = await kinds();
      const config = await loadNamed(options.config, io, known);
      const notifier = notifierNamed(config, name, known, clock);
      await sendTest(notifier, testFacts(config.deployment, name, clock.now()), { io, clock });
    });
}

function notifierNamed(config: Config, name: string, kinds: KnownKinds, clock: Clock): Notifier {
  const spec = config.notify.find((each) => each.name === name);
  const definition = kinds.notifiers.find((each) => each.kind === spec?.kind);
  if (!spec || !definition) {
    const names = config.notify.map((each) => each.name).join(', ');
    const advice = names === '' ? 'It has none: add notify.' : `It has: ${names}.`;
    throw new CommandExit(2, `There is no notifier "${name}" in ${config.file}. ${advice}`);
  }
  return openNotifier(config, spec, definition, { clock, log: silentLog });
}

async function sendTest(
  notifier: Notifier,
  facts: IncidentFacts,
  { io, clock }: { io: CliIo; clock: Clock },
): Promise<void> {
  const deadline = clock.deadline(deadlineMs, io.signal);
  let sent = 'the test page';
  try {
    const receipt = await notifier.send({ action: 'trigger', facts }, deadline);
    io.stdout.write(`${notifier.name} (${notifier.kind}) accepted the test page.\n`);
    sent = 'its resolution: close the test page by hand';
    const resolved: IncidentFacts = { ...facts, state: 'resolved', resolvedAt: clock.now() };
    await notifier.send({ action: 'resolve', facts: resolved, receipt }, deadline);
    io.stdout.write(`${notifier.name} (${notifier.kind}) accepted its resolution.\n`);
  } catch (error) {
    throw new CommandExit(1, `${notifier.name} (${notifier.kind}) did not accept ${sent}. ${messageOf(error)}`);
  } finally {
    deadline.clear();
  }
}

/** A page that nobody can mistake for a real one, with a dedup key of its own. */
function testFacts(deployment: string, notifier: string, now: EpochMs): IncidentFacts {
  const evidence = [evidenceOf('test', {})];
  const advice = looksFor(ownAdvice.test);
  return {
    id: 'inc-test',
    deployment,
    pipeline: 'test',
    hop: 'logcanary',
    kind: 'stopped',
    severity: 'critical',
    state: 'open',
    dedupKey: dedupKeyOf(deployment, 'test', notifier, 'test'),
    openedAt: now,
    since: now,
    unreadable: [],
    streams: { affected: 0, total: 0, names: [] },
    counts: {},
    looks: { complete: 0, asked: 0 },
    behind: [],
    ...{ detail: evidenceText(evidence), evidence, firstLook: advice.map(lookText), advice },
    test: true,
  };
}
