import { fill, gapsOf, levelText, roughSpan, type Speech, shareText } from '../core/template.ts';

const grouped = new Intl.NumberFormat('en-US');

/** `2,016`: English and Japanese write it alike. */
export function counted(count: number): string {
  return grouped.format(count);
}

export const englishSpeech: Speech = {
  number: counted,
  span: (ms) => roughSpan(ms, { s: ' s', min: ' min', h: ' h' }),
  share: (share) => `${shareText(share)} %`,
  level: (share) => `${levelText(share)} %`,
  list: ({ shown, more }) => (more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ')),
  term: (text) => text,
};

/** @param terms what limits and counters are called and what checks find, by their English; with gaps where that has names in it */
export function japaneseSpeech(terms: Readonly<Record<string, string>>): Speech {
  const term = termsOf(terms);
  return {
    number: counted,
    span: (ms) => roughSpan(ms, { s: '秒', min: '分', h: '時間' }),
    share: (share) => `${shareText(share)}%`,
    level: (share) => `${levelText(share)}%`,
    list: ({ shown, more }) => (more > 0 ? `${shown.join('、')} ほか ${more} 件` : shown.join('、')),
    term,
  };
}

/** Longer ones would cost time, and say nothing of ours. */
const termLimit = 1_000;

function termsOf(terms: Readonly<Record<string, string>>): (text: string) => string {
  const patterns = Object.entries(terms)
    .filter(([english]) => gapsOf(english).length > 0)
    .map(([english, said]) => ({ pattern: patternOf(english), said }));
  const term = (text: string, depth = 0): string => {
    if (Object.hasOwn(terms, text)) return terms[text] ?? text;
    if (text.length > termLimit || depth > 2) return text;
    for (const { pattern, said } of patterns) {
      const groups = pattern.exec(text)?.groups;
      if (groups === undefined) continue;
      const values = Object.entries(groups).map(([name, value]) => [name, term(value ?? '', depth + 1)]);
      return fill(said, Object.fromEntries(values), englishSpeech);
    }
    return text;
  };
  return (text) => term(text);
}

/** Each gap is as short as the rest of the sentence lets it be. */
function patternOf(english: string): RegExp {
  const parts = english.split(/\{(\w+)\}/);
  const source = parts.map((part, at) => (at % 2 === 0 ? part.replace(/[^\w\s]/g, '\\$&') : `(?<${part}>[^\\n]*?)`));
  return new RegExp(`^${source.join('')}$`);
}
