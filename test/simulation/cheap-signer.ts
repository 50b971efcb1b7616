/** A signer behind the engine's port that costs nothing: no secrets are at stake, and HMAC would be most of the run. */
import type { Signer } from '../../src/core/token.ts';
import { encodeNumber } from '../../src/lib/base32.ts';

export const signingKey = 7;

export const cheapSigner: Signer = {
  mac(key, text) {
    if (key !== signingKey) return undefined;
    let a = 0x811c9dc5;
    let b = 0x2545f491;
    for (let i = 4; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x5bd1e995) ^ (b >>> 15);
    }
    return `${encodeNumber(a >>> 0, 7)}${encodeNumber(b >>> 0, 7)}${encodeNumber((a ^ b) & 0x7fff, 3)}`;
  },
};
