import { expect, test } from 'vitest';
import { auditOutcome } from './audit-outcome.ts';
import { isAllowed, licenceOf } from './licence-policy.ts';

test.each([
  'GPL-3.0-only',
  'AGPL-3.0-or-later',
  'LGPL-2.1',
  'MPL-2.0',
  'SSPL-1.0',
  'MIT AND GPL-2.0-only',
  'SEE LICENSE IN x',
  'UNLICENSED',
  'mit',
  '(MIT AND (GPL-2.0 OR ISC))',
  '',
])('given the licence "%s", then it is not allowed', (licence) => {
  expect(isAllowed(licence)).toBe(false);
});

test.each(['MIT', '(MIT OR GPL-3.0-only)', 'Apache-2.0', 'ISC AND BSD-3-Clause'])(
  'given the licence "%s", then it is allowed',
  (licence) => {
    expect(isAllowed(licence)).toBe(true);
  },
);

test('given manifests old and new, when their licence is asked for, then it is named, or unknown', () => {
  const base = { name: 'x', version: '1.0.0' };
  expect(licenceOf({ ...base, license: 'MIT' })).toBe('MIT');
  expect(licenceOf({ ...base, licenses: [{ type: 'MIT', url: 'http://x' }, { type: 'GPL-2.0' }] })).toBe(
    'MIT AND GPL-2.0',
  );
  expect(licenceOf(base)).toBeUndefined();
  expect(licenceOf({ ...base, license: '' })).toBeUndefined();
  expect(licenceOf({ name: 'only', version: '0.0.2' })).toBe('MIT');
  // read at that version alone
  expect(licenceOf({ name: 'only', version: '0.0.3' })).toBeUndefined();
});

test.each([
  ['{"message":"405 Method Not Allowed","statusCode":405,"error":{"summary":""}}'],
  ['{"error":{"code":"ENOLOCK"}}'],
  ['<html>'],
  [''],
  ['null'],
])('given an audit that the registry refused (%s), then it is said not to be known', (stdout) => {
  const { code, words } = auditOutcome(stdout);
  expect([code, words.startsWith('NOT AUDITED')]).toEqual([3, true]);
});

test('given an audit with and without findings, then its code says which', () => {
  const none = { vulnerabilities: {}, metadata: { vulnerabilities: { critical: 0, high: 0, total: 0 } } };
  expect(auditOutcome(JSON.stringify(none)).code).toBe(0);
  const some = {
    vulnerabilities: { left: { severity: 'high', range: '<2' } },
    metadata: { vulnerabilities: { high: 1, total: 1 } },
  };
  expect(auditOutcome(JSON.stringify(some))).toEqual({
    code: 1,
    words: 'Known vulnerabilities: 1 high\nhigh  left <2',
  });
});
