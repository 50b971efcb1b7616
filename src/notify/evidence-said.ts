/** Evidence and first looks in the language of a channel. What an older version wrote into the ledger has only its English. */
import type { FirstLook } from '../core/first-look.ts';
import type { IncidentFacts } from '../core/incident.ts';
import { fill, type Template } from '../core/template.ts';
import { cut, short } from './plain-text.ts';
import type { Line, Said, Words } from './words.ts';

/** Code points of evidence in a line; the channels may cut further. */
const evidenceLimit = 400;
/** Code points of it in a title. */
const briefLimit = 70;
/** Code points of one thing to look at. */
const lookLimit = 240;

/** @param limit code points of the evidence */
export function saidOf(facts: IncidentFacts, words: Words, limit = evidenceLimit): Said {
  const { evidence: all = [], detail } = facts;
  const [first] = all;
  const sentences = all.map(({ key, values }) => filled(words, own(words.evidence, key), values));
  const known = all.length > 0 && sentences.every((sentence) => sentence !== undefined);
  const evidence = short(known ? inARow(sentences as string[], words.gap) : detail, limit);
  const brief = first && filled(words, own(words.briefs, first.key), first.values);
  return { evidence, ...(brief !== undefined && { brief: short(brief, briefLimit) }) };
}

/** What others answered may end in Latin letters, also where the language has no gap between sentences. */
function inARow(sentences: readonly string[], gap: string): string {
  return sentences.reduce((said, next) => `${said}${gap === '' && /[\x21-\x7e]$/.test(said) ? ' ' : gap}${next}`);
}

/** For a title, where there is no brief form of it. */
export function inTitle({ brief, evidence }: Said, otherwise: string): string {
  return cut(brief ?? evidence, briefLimit) || otherwise;
}

/** A command and what to see in it. */
export function lookLines({ advice, firstLook }: IncidentFacts, words: Words): Line[] {
  const looks: readonly FirstLook[] = advice ?? firstLook.map((see) => ({ see }));
  return looks.map((look) => lookLine(look, words)).filter((line) => line.length > 0);
}

function lookLine({ run, see, values = {} }: FirstLook, words: Words): Line {
  const command = run === undefined ? '' : short(fill(run, values, words.speech), lookLimit);
  const said = see === undefined ? '' : short(filled(words, own(words.looks, see) ?? see, values) ?? '', lookLimit);
  const pieces = [...(command === '' ? [] : [{ run: command }]), ...(said === '' ? [] : [said])];
  return pieces.length < 2 ? pieces : [{ run: command }, words.colon, said];
}

function filled({ speech }: Words, template: Template | undefined, values: FirstLook['values'] = {}) {
  return template === undefined ? undefined : fill(template, values, speech);
}

function own(record: Readonly<Partial<Record<string, string>>>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
