/**
 * What to look at first: a command to run, and what to see in it; or a place. Written once, with gaps for what the configuration
 * says (`{namespace}`), so that nobody has to fill them in at night. Each language has the sentences by their English.
 */
import { fill, gapsOf, isFilled, type PlaceholderValues, plainSpeech } from './template.ts';

/** As it is written. One of them at least. */
export interface LookTemplate {
  /** A command, the same in every language. */
  readonly run?: string;
  /** A sentence: what to see in it, or where to look. */
  readonly see?: string;
}

/** Most useful first. A text is one sentence. */
export type Advice = string | LookTemplate | readonly (string | LookTemplate)[];

/** Advice by incident kind (`stopped`, `unreadable`, `unproven`, `reading`...). */
export type Runbook = Readonly<Record<string, Advice>>;

/** With what goes into its gaps. Pure data (JSON), kept in the ledger. */
export interface FirstLook extends LookTemplate {
  readonly values?: PlaceholderValues;
}

/** A runbook with the configured names in it. */
export type FilledRunbook = Readonly<Record<string, readonly FirstLook[]>>;

/** As many as somebody reads at night. */
const atMost = 3;

export function templatesOf(advice: Advice): readonly LookTemplate[] {
  const all = typeof advice === 'string' || 'see' in advice || 'run' in advice ? [advice] : advice;
  return (all as readonly (string | LookTemplate)[]).map((each) => (typeof each === 'string' ? { see: each } : each));
}

/** Those of which all that they name is known. */
export function looksFor(advice: Advice, values: PlaceholderValues = {}): FirstLook[] {
  return templatesOf(advice)
    .filter(({ run = '', see = '' }) => isFilled(run, values) && isFilled(see, values))
    .map((look) => withValues(look, values));
}

/** Only those that it names: they are stored with every notification. */
function withValues(look: LookTemplate, values: PlaceholderValues): FirstLook {
  const named = new Set(gapsOf(`${look.run ?? ''} ${look.see ?? ''}`).map((inner) => inner.split(':')[0]));
  const used = Object.entries(values).filter(([name]) => named.has(name));
  return used.length === 0 ? look : { ...look, values: Object.fromEntries(used) };
}

/** With what the configuration says. What a shell would take for something else is left out, and so is what names it. */
export function filledRunbook(runbook: Runbook, names: Readonly<Record<string, string | undefined>>): FilledRunbook {
  const known = Object.fromEntries(
    Object.entries(names).flatMap(([name, value]) => (isSafe(value) ? [[name, value]] : [])),
  );
  return Object.fromEntries(Object.entries(runbook).map(([kind, advice]) => [kind, looksFor(advice, known)]));
}

/** Commands have names in quotes; credentials in an address are nobody's to read. */
function isSafe(value: string | undefined): value is string {
  return value !== undefined && value.length <= 300 && !/['`\p{Cc}]|:\/\/[^/]*@/u.test(value);
}

/** The most useful of several, each once. */
export function firstLooks(...all: readonly (readonly FirstLook[])[]): FirstLook[] {
  const each = new Map(all.flat().map((look) => [lookText(look), look]));
  return [...each.values()].slice(0, atMost);
}

/** In English, as one line: `kubectl get pods: are they ready?` */
export function lookText({ run, see, values = {} }: FirstLook): string {
  return [run, see].flatMap((part) => (part === undefined ? [] : [fill(part, values, plainSpeech)])).join(': ');
}

/** Advice of the engine itself, where no probe has any. */
export const ownAdvice = {
  isolated: [
    { run: 'curl -sv -m 5 telnet://{target}', see: "From logcanary's own machine: does it connect?" },
    "The network and DNS of logcanary's own machine: ip route, /etc/resolv.conf.",
  ],
  clock: { run: 'timedatectl; chronyc tracking', see: "On logcanary's machine: is its time synchronised?" },
  'ping-late': 'Did {name} run? See its own log first, then what POST {url} answered it.',
  // No command: a ping sent by hand is one, and would end the incident.
  'ping-never': [
    'Did {name} run? See its own log: as no ping ever came, nobody else can tell.',
    'Then let {name} itself POST {url} after each run (bearer: http.secret). A ping sent by hand ends this, though {name} may never have run.',
  ],
  duplicated: 'The logs of what writes to {hop}: retries after time-outs, or restarts? Both send a batch twice.',
  corrupted: 'Compare a damaged test line at {hop} with a whole one: cut (limits of length), split, or re-encoded?',
  forged:
    'Who else writes to {hop}? Most often: old logs that are replayed, or a second logcanary with the same names; else tell your security team.',
  ledger: [
    { run: 'df -h', see: "On logcanary's machine: has the disk of its ledger (its database) room, and is it healthy?" },
    "logcanary's own log.",
  ],
  'peer-silent': {
    run: 'curl -sS -m 10 {url}',
    see: "From this logcanary's machine: does {name} answer? If not, does it run, and what does its log say?",
  },
  'peer-differs':
    'Compare the configuration of {name} with ours: deployment, pipelines and notify must be the same, and each has the other under peers.',
  undelivered: {
    run: 'logcanary drill --config {file}',
    see: 'See the status page for what you missed. Then repair the channel and run this: a drill that passes ends this incident.',
  },
  storm: {
    run: 'logcanary check --config {file}',
    see: 'Which hop is the first that is broken? The status page shows all of them.',
  },
  test: 'Nothing to do: it only shows that pages reach you.',
} as const satisfies Runbook;
