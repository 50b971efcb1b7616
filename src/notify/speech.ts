import { levelText, roughSpan, type Speech, shareText } from '../core/template.ts';

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

/** @param terms what limits and counters are called, by their English */
export function japaneseSpeech(terms: Readonly<Record<string, string>>): Speech {
  return {
    number: counted,
    span: (ms) => roughSpan(ms, { s: '秒', min: '分', h: '時間' }),
    share: (share) => `${shareText(share)}%`,
    level: (share) => `${levelText(share)}%`,
    list: ({ shown, more }) => (more > 0 ? `${shown.join('、')} ほか ${more} 件` : shown.join('、')),
    term: (text) => (Object.hasOwn(terms, text) ? (terms[text] ?? text) : text),
  };
}
