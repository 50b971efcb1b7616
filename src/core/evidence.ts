/**
 * What a finding rests on, as data: which sentence, and what is in it. Kept so, each channel says it in its own language; English,
 * for the API and the log, is made here. Names, and what others answered, stay as they are in every language.
 */
import { fill, type PlaceholderValues, plainSpeech, type Template, type Values } from './template.ts';

/** All sentences of evidence, in English. Each language has them by their keys: `src/notify/evidence-ja.ts`. */
export const evidenceTemplates = {
  stopped: 'The newest test lines concerned are overdue at {hop}: nothing arrives.',
  'stopped-too': 'The same lines are missing at {hops:list}, too: what feeds both is told of once.',
  flapping:
    'It came and went {times:number} times within {within:span}: it is kept open now until it was good for {steady:span}.',
  storm:
    '{count:number} things went wrong at nearly the same time: {places:list}. This one message stands for all of them.',
  'still-behind': 'Downstream, at {hops:list}, test lines still arrive.',
  'stopped-before':
    'Of what {from} sent nothing arrives behind it, at {hops:list}, but what we write straight into {entry} does: it stopped before {entry}.',
  'nothing-behind':
    'Nothing arrives behind it either, at {hops:list}: it may have stopped anywhere between {from} and there.',
  slow: 'Most of the test lines concerned reach {hop} later than the {within:span} allowed.',
  lossy:
    '{losses:number} of {trials:number} test lines did not reach {hop} while younger ones did: at least {least:share} are lost (95 % confidence), {budget:share} are allowed.',
  'lossy-burning':
    '{losses:number} of {trials:number} test lines of the last {window:span} did not reach {hop} while younger ones did, and it goes on (last {short:span}): {share:share} are lost, at least {least:share} (95 % confidence); {budget:share} are allowed.',
  'lossy-slowly':
    '{losses:number} of {trials:number} test lines in {window:span} did not reach {hop} while younger ones did: {share:share} are lost, at least {least:share} (95 % confidence); {budget:share} are allowed.',
  duplicated: '{count:number} of {arrived:number} test lines arrived more than once at {hop}.',
  corrupted: '{count:number} of {arrived:number} test lines arrived damaged at {hop}.',
  forged:
    'Lines that look like our test lines but that we did not sign arrive at {hop}: somebody imitates or replays them.',
  vanished:
    'Looked for again at {hop} after {age:span}: {missing:number} of {asked:number} test lines, all of which had arrived, are not there any more.',
  inconsistent:
    'Looked for again at {hop} after {age:span}: {missing:number} of {asked:number} test lines never showed there, although they were seen downstream.',
  'not-shown':
    '{missing:number} test lines that were seen downstream ({below:list}) cannot be found at {hop}, though logcanary can read it; {here:number} others can.',
  misrouted:
    '{count:number} test lines of {from:list} arrived at {hop}, which is set to take only those of {pipeline}.',
  unproven: 'No test line was ever seen at {hop}: more likely a wrong setting of logcanary than an outage.',
  'not-readable': 'We cannot look: {answer}',
  'figure-not-readable': 'We cannot read this figure: {answer}',
  isolated:
    'None of the {targets:number} systems that we look at answers ({hops:list}): logcanary itself is cut off, so nothing is known of the flow. {answer}',
  'not-written': 'Test lines do not go out, so the flow is not being measured there: {answer}',
  'not-handed-over': 'No new test lines can be handed over: {answer}',
  'not-listed': 'The places to write to cannot be listed: {answer}',
  'goes-on': 'Test lines go on as handed over, for {left:span} at least.',
  'ran-out': 'What was handed over has run out.',
  uncovered:
    '{bare:number} of {total:number} places that should be watched have no working emitter ({places:list}): nothing is known of the flow there.',
  nowhere: 'There is no place to write test lines to: nothing is known of the flow.',
  'not-awake':
    'It should flow by now ({hours}), and there is no place to write test lines to: it did not wake up, or its nodes cannot be seen.',
  'clock-ahead':
    "The clock of logcanary's machine was set forward by about {by:span}. It has no effect on alerts: those go by a steady time of its own.",
  'clock-behind':
    "The clock of logcanary's machine was set back by about {by:span}. It has no effect on alerts: those go by a steady time of its own.",
  'ping-late': 'The expected ping "{name}" did not come for {for:span}; it should come every {every:span}.',
  'ping-never':
    'The expected ping "{name}" never came since logcanary started {for:span} ago; it should come every {every:span}. Either it never ran, or it was never set up to ping, or pings with a wrong address or secret.',
  'figure-over': '{figure}: {used:level}, at or past {limit:term}.',
  'figure-near': '{figure}: {used:level}; {limit:term} is the limit.',
  'figure-soon':
    '{figure}: {used:level}; {limit:term} in about {left:span} ({earliest:span} to {latest:span}) if it goes on like this.',
  'figure-perhaps-soon':
    '{figure}: {used:level}; {limit:term} in about {left:span} (at the earliest {earliest:span}) if it goes on like this.',
  'figures-more': 'And {more:number} more.',
  problem: '{problem:term}.',
  dropped: '{agent} on {names:list}: {count:number} {what:term}.',
  'dropped-by': '{agent} on {names:list}: {count:number} {what:term} ({subject}).',
  'peer-silent':
    'The other logcanary, {name}, has not been heard for {for:span}. This one goes on alone: it tells everything, and resolves without it. Last answer: {answer}.',
  'peer-never':
    'The other logcanary, {name}, was never heard, and this one was started {for:span} ago. Each tells everything meanwhile, so that some messages come twice. Last answer: {answer}.',
  'peer-differs':
    'The other logcanary, {name}, is not set up as this one ({settings:list}), so they tell and resolve by different rules.',
  'peer-deaf': 'The other logcanary, {name}, is heard, but does not hear this one.',
  'peer-told':
    'It was told by the other logcanary, {name}, which is not to be heard any more; this one sees that all is well there.',
  undelivered: '{channels:list} did not carry a test incident to its end ({drill}): {answer}',
  drill: 'This is {drill}, held by {by}, to prove that pages arrive. It is resolved by itself.',
  test: 'This is a test page, sent by hand with logcanary page-test. Nothing is broken; it resolves itself at once.',
} as const satisfies Readonly<Record<string, Template>>;

export type EvidenceKey = keyof typeof evidenceTemplates;

/** One sentence. Pure data (JSON), kept in the ledger; one of another version may have a key that is not known here. */
export interface Evidence {
  readonly key: string;
  readonly values: PlaceholderValues;
}

/** Types the values by the sentence; does nothing else. */
export function evidenceOf<K extends EvidenceKey>(key: K, values: Values<(typeof evidenceTemplates)[K]>): Evidence {
  return { key, values: values as PlaceholderValues };
}

/** In English, one after the other. */
export function evidenceText(all: readonly Evidence[]): string {
  const templates: Readonly<Record<string, string>> = evidenceTemplates;
  return all
    .map(({ key, values }) => (Object.hasOwn(templates, key) ? fill(templates[key] ?? '', values, plainSpeech) : ''))
    .filter((sentence) => sentence !== '')
    .join(' ');
}
