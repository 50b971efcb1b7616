/** Lines that look like canaries to the scanner, for tests of what carries them; their signatures are not valid. */

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** First 11 characters (magic, key, writer) of every token of `canaryLines`. */
export const canaryPrefix = 'lcn1aawrite';

export interface CanaryLine {
  readonly token: string;
  readonly text: string;
}

let minted = 0;

/** Different tokens at each call within a process and, by `salt`, between processes. */
export function canaryLines(count: number, salt = process.pid): CanaryLine[] {
  return Array.from({ length: count }, () => {
    minted += 1;
    const token = `${canaryPrefix}${base32(salt, 8)}${base32(minted, 8)}${'q7'.repeat(12)}0`;
    return { token, text: `logcanary ${token} test/stream #${minted} .` };
  });
}

function base32(value: number, width: number): string {
  let text = '';
  for (let left = value; text.length < width; left = Math.floor(left / 32)) text = alphabet.charAt(left % 32) + text;
  return text;
}
