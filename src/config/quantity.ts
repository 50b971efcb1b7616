import type { ParsedText } from '../lib/duration.ts';

/** A share as a fraction in lowest terms: 0.1% is 1 of 1000. */
export interface Share {
  readonly take: number;
  readonly of: number;
}

/** Reads `0.1%` or `1/20`: more than nothing, at most the whole. Percentages keep at most 6 decimals. */
export function parseShare(text: string): ParsedText<Share> {
  const fraction = readFraction(text.replaceAll(' ', ''));
  if (fraction === undefined) return { ok: false, message: `"${text}" is not a share. ${shareHint(text)}` };
  if (fraction.take < 1 || fraction.take > fraction.of) {
    return { ok: false, message: `"${text}" is not between nothing and the whole. Write a share like 0.1% or 1/20.` };
  }
  const divisor = greatestCommonDivisor(fraction.take, fraction.of);
  return { ok: true, value: { take: fraction.take / divisor, of: fraction.of / divisor } };
}

function readFraction(text: string): Share | undefined {
  const ratio = /^(\d{1,9})\/(\d{1,9})$/.exec(text);
  if (ratio) return { take: Number(ratio[1]), of: Number(ratio[2]) };
  const percent = /^(\d{1,3})(?:\.(\d{1,6}))?%$/.exec(text);
  if (!percent) return undefined;
  const decimals = percent[2] ?? '';
  return { take: Number(`${percent[1]}${decimals}`), of: 100 * 10 ** decimals.length };
}

function shareHint(text: string): string {
  const number = Number(text);
  const plain = text !== '' && number > 0 && number <= 1 ? `${Number((number * 100).toFixed(6))}%` : '0.1% or 1/20';
  return `Write ${plain}.`;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

const perSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Reads `10/s`, `0.5/s`, `90/m` or `600/h` as a rate per second. */
export function parseRate(text: string): ParsedText<number> {
  if (/^\d+(\.\d+)?$/.test(text)) return { ok: false, message: `"${text}" has no unit. Write ${text}/s.` };
  const parts = /^(\d{1,9}(?:\.\d{1,6})?)\/([smh])$/.exec(text);
  const rate = parts ? Number(parts[1]) / (perSeconds[parts[2] ?? ''] ?? Number.NaN) : Number.NaN;
  if (rate > 0) return { ok: true, value: rate };
  return { ok: false, message: `"${text}" is not a rate above nothing. Write one like 10/s, 90/m or 600/h.` };
}

/** Reads `127.0.0.1:9780` or `[::1]:9780`. Port 0 takes any free port. */
export function parseListen(text: string): ParsedText<{ host: string; port: number }> {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  if (host !== undefined && port <= 65_535) return { ok: true, value: { host, port } };
  return {
    ok: false,
    message: `"${text}" is not an address to listen on. Write HOST:PORT, for example 127.0.0.1:9780.`,
  };
}
