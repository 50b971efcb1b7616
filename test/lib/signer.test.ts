import { createHmac as nodeHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/lib/errors.ts';
import { createHmac, createSigner, keyNumberOf } from '../../src/lib/signer.ts';

const hex = (binary: string) => Buffer.from(binary, 'binary').toString('hex');

describe('createHmac', () => {
  // https://www.rfc-editor.org/rfc/rfc4231#section-4, cases 1, 2, 6, 7: those whose data are ASCII.
  test.each([
    [Buffer.alloc(20, 0x0b), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      Buffer.from('Jefe'),
      'what do ya want for nothing?',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [
      Buffer.alloc(131, 0xaa),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
    [
      Buffer.alloc(131, 0xaa),
      'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.',
      '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
    ],
  ])('given a vector of RFC 4231, when it is signed, then the MAC is the published one', (key, text, mac) => {
    expect(hex(createHmac(key)(text))).toBe(mac);
  });

  test('given any key and texts of changing length, when they are signed, then Node computes the same', () => {
    const ascii = fc.string({ unit: 'binary-ascii', maxLength: 200 });
    const property = fc.property(fc.uint8Array({ maxLength: 150 }), fc.array(ascii, { maxLength: 4 }), (key, texts) => {
      const sign = createHmac(key);
      for (const text of texts) expect(hex(sign(text))).toBe(nodeHmac('sha256', key).update(text).digest('hex'));
    });
    fc.assert(property);
  });
});

describe('createSigner', () => {
  test('given several keys, when asked, then the first signs and all are known', () => {
    const signer = createSigner([
      { id: 'new', secret: 'n' },
      { id: 'old', secret: 'o' },
    ]);
    expect(signer.first).toBe(keyNumberOf('new'));
    expect(signer.keyNumber('old')).toBe(keyNumberOf('old'));
    expect(signer.mac(keyNumberOf('old'), 'x')).toMatch(/^[a-z2-7]{17}$/);
    expect(signer.mac((signer.first + 1) % 1024, 'x')).toBeUndefined();
    expect(() => signer.keyNumber('none')).toThrow(/no key "none".*new, old/);
  });

  test('given a secret beyond ASCII, when it signs, then its UTF-8 bytes are the key', () => {
    const mac = createSigner([{ id: 'a', secret: '鍵' }]).mac(keyNumberOf('a'), 'x');
    expect(createSigner([{ id: 'a', secret: '鍴' }]).mac(keyNumberOf('a'), 'x')).not.toBe(mac);
  });

  test('given two ids with one number, when a signer is made, then it is refused, naming both and no secret', () => {
    expect(keyNumberOf('k32')).toBe(keyNumberOf('k60'));
    const make = () =>
      createSigner([
        { id: 'k32', secret: 'hush-1' },
        { id: 'k60', secret: 'hush-2' },
      ]);
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(/keys\[1\]\.id.*"k32" and "k60"/);
    expect(make).not.toThrow(/hush/);
  });

  test.each([
    ['no key', [], /no key/],
    [
      'the same id twice',
      [
        { id: 'a', secret: 'x' },
        { id: 'a', secret: 'y' },
      ],
      /two keys have the id "a"/,
    ],
    ['an empty secret', [{ id: 'a', secret: '' }], /secret of key "a" is empty/],
  ])('given %s, when a signer is made, then it is refused', (_, keys, message) => {
    expect(() => createSigner(keys)).toThrow(message);
  });
});
