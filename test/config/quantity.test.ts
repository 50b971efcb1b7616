import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseListen, parseRate, parseShare } from '../../src/config/quantity.ts';

describe('shares', () => {
  it.each([
    ['0.1%', 1, 1000],
    ['1/20', 1, 20],
    ['5 / 100', 1, 20],
    ['100%', 1, 1],
    ['0.000001%', 1, 100_000_000],
    ['12.5%', 1, 8],
  ])('given %s, then it is exactly %i of %i', (text, take, of) => {
    expect(parseShare(text)).toEqual({ ok: true, value: { take, of } });
  });

  it.each(['0%', '0/5', '1/0', '6/5', '100.1%', '1', '0.001', '-1%', '', '1%%', '1e-3%'])(
    'given "%s", then it is refused',
    (text) => {
      expect(parseShare(text).ok).toBe(false);
    },
  );
});

describe('rates', () => {
  it.each([
    ['10/s', 10],
    ['0.5/s', 0.5],
    ['90/m', 1.5],
    ['3600/h', 1],
  ])('given %s, then it is %d per second', (text, value) => {
    expect(parseRate(text)).toEqual({ ok: true, value });
  });

  it.each(['10', '0/s', '/s', '10/d', '-1/s', 'ten/s', ''])('given "%s", then it is refused', (text) => {
    expect(parseRate(text).ok).toBe(false);
  });
});

describe('addresses to listen on', () => {
  it.each([
    ['127.0.0.1:9780', '127.0.0.1', 9780],
    ['[::1]:0', '::1', 0],
    ['localhost:80', 'localhost', 80],
  ])('given %s, then host and port are read', (text, host, port) => {
    expect(parseListen(text)).toEqual({ ok: true, value: { host, port } });
  });

  it.each(['9780', ':9780', '::1:80', '127.0.0.1', '127.0.0.1:65536', 'a b:1', 'http://x:1'])(
    'given "%s", then it is refused',
    (text) => {
      expect(parseListen(text).ok).toBe(false);
    },
  );

  it('given any text, then every parser answers and a refusal says what to write', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const parsed of [parseListen(text), parseShare(text), parseRate(text)]) {
          if (!parsed.ok) expect(parsed.message).toContain('Write ');
        }
      }),
    );
  });
});
