import { describe, expect, test } from 'vitest';
import { checkToken, differences, mintToken, readToken, tokenPrefix } from '../../src/core/token.ts';
import { createSigner } from '../../src/lib/signer.ts';
import { signer, tokenOf } from './samples.ts';

const fields = {
  key: signer.first,
  writer: 0x1234567,
  stream: 42,
  seq: 34_359_738_367,
  plannedAt: 1_795_163_811_000,
  shape: 4,
  length: 31,
};
/** Made by an independent implementation (Python's hmac). */
const known = 'lcn145sgrlhaaabk7777777buh4bt3fye7bduckzyhogqpzitnw0';

describe('mintToken', () => {
  test('given known fields and a known secret, when a token is minted, then it is the one that others compute', () => {
    expect(mintToken(fields, signer)).toBe(known);
  });

  test.each([
    ['key', 1024],
    ['writer', 2 ** 25],
    ['stream', -1],
    ['seq', 2 ** 35],
    ['plannedAt', 2 ** 45],
    ['plannedAt', 1.5],
    ['shape', 32],
    ['length', Number.NaN],
  ])('given %s = %d, when a token is minted, then it is refused with the range', (name, value) => {
    expect(() => mintToken({ ...fields, [name]: value }, signer)).toThrow(
      new RegExp(`${name} must be .*it was ${value}`),
    );
  });

  test('given a key number nobody has, when a token is minted, then the message says what to put back', () => {
    const key = (signer.first + 1) % 1024;
    expect(() => mintToken({ ...fields, key }, signer)).toThrow(/no key has number \d+.*put the removed key back/);
  });
});

describe('checkToken', () => {
  test('given our token, when it is checked, then it is valid and gives its fields back', () => {
    expect(checkToken(known, signer)).toEqual({ state: 'valid', fields });
  });

  test('given a token signed with another secret under our key id, when it is checked, then its MAC is wrong', () => {
    const other = createSigner([{ id: 'a1', secret: 'another' }]);
    expect(checkToken(mintToken(fields, other), signer)).toEqual({ state: 'wrong-mac', fields });
  });

  test('given a token of a peer with a key we lack, when it is checked, then the key is unknown', () => {
    const peer = createSigner([{ id: 'peer', secret: 'another' }]);
    const token = mintToken({ ...fields, key: peer.first }, peer);
    expect(checkToken(token, signer)).toMatchObject({ state: 'unknown-key', fields: { key: peer.first } });
  });

  test.each([
    ['cut', known.slice(0, -1)],
    ['longer', `${known}a`],
    ['upper case', known.toUpperCase()],
    ['another magic', `lcn2${known.slice(4)}`],
    ['a digit outside the alphabet', `${known.slice(0, 20)}8${known.slice(21)}`],
    ['a MAC outside the alphabet', `${known.slice(0, 45)}-${known.slice(46)}`],
    ['another end', `${known.slice(0, -1)}1`],
    ['empty', ''],
  ])('given a token that is %s, when it is read, then it is malformed', (_, token) => {
    expect(readToken(token)).toBeUndefined();
    expect(checkToken(token, signer)).toEqual({ state: 'malformed' });
  });
});

describe('tokenPrefix and differences', () => {
  test('given key and writer, when the prefix is made, then all their tokens begin with its 11 characters', () => {
    expect(tokenPrefix(fields.key, fields.writer)).toBe(known.slice(0, 11));
    expect(tokenOf({ writer: 7 }).startsWith(tokenPrefix(signer.first, 7))).toBe(true);
  });

  test('given two strings, when differences are counted, then places that differ and what is longer both count', () => {
    expect(differences('abc', 'abc')).toBe(0);
    expect(differences('abc', 'abd')).toBe(1);
    expect(differences('abc', 'xbcde')).toBe(3);
    expect(differences('', 'ab')).toBe(2);
  });
});
