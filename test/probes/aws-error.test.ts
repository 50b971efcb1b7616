import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { awsTarget } from '../../probes/aws/aws-config.ts';
import { awsError } from '../../probes/aws/aws-error.ts';
import kinesis from '../../probes/kinesis.ts';
import kinesisIteratorAge from '../../probes/kinesis-iterator-age.ts';
import s3 from '../../probes/s3.ts';
import type { Reason } from '../../src/probe.ts';
import { forever } from '../contract/bench.ts';
import { expectProbeError } from '../contract/probe-error.ts';

const attempt = { what: 'read stream "logs"', target: 'kinesis.example', needs: 'kinesis:GetRecords', ...forever };

const coded = (code: string, more: object = {}) => Object.assign(new Error(`connect ${code}`), { code, ...more });
const named = (name: string, status: number, message = 'as AWS says') =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });

describe('AWS errors', () => {
  const cases: [string, unknown, Reason][] = [
    ['an unknown host', coded('ENOTFOUND'), 'dns'],
    ['a silent name server', coded('EAI_AGAIN'), 'dns'],
    ['no route', coded('EHOSTUNREACH'), 'network'],
    ['no network', coded('ENETUNREACH'), 'network'],
    ['a connect timeout of the system', coded('ETIMEDOUT'), 'timeout'],
    ['a reset that the SDK calls a timeout', coded('ECONNRESET', { name: 'TimeoutError' }), 'network'],
    ['an expired certificate', coded('CERT_HAS_EXPIRED'), 'tls'],
    ['a certificate for another name', coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls'],
    [
      'all addresses refusing',
      Object.assign(new AggregateError([coded('ECONNREFUSED')]), { code: undefined }),
      'refused',
    ],
    ['a failure inside a failure', new Error('wrapped', { cause: coded('ECONNREFUSED') }), 'refused'],
    ['no credentials', named('CredentialsProviderError', 0), 'auth'],
    ['an expired token with 400', named('ExpiredTokenException', 400), 'auth'],
    ['a throttle with 400', named('ProvisionedThroughputExceededException', 400), 'rate_limited'],
    ['a slow down with 503', named('SlowDown', 503), 'rate_limited'],
    ['a missing bucket', named('NoSuchBucket', 404), 'not_found'],
    ['an error nobody knows with 418', named('TeapotException', 418), 'rejected'],
    ['an error nobody knows with 502', named('BadGateway', 502), 'server_error'],
    ['no region anywhere', new Error('Region is missing'), 'config'],
    ['our own bug', new TypeError('cannot read properties'), 'internal'],
  ];
  test.each(cases)('given %s, when mapped, then the reason and the message fit', (_what, error, reason) => {
    const mapped = awsError(attempt, error);
    expectProbeError(mapped, [reason]);
    expect(mapped.message).toContain('Cannot read stream "logs": ');
    expect(mapped.message).toContain('from kinesis.example');
  });
  test('given a signature that does not match, when mapped, then what was signed is repeated nowhere', () => {
    const token = 'FwoGZXIvYXdzEJr-dummy';
    const mapped = awsError(
      attempt,
      named('SignatureDoesNotMatch', 403, `The canonical string was: x-amz-security-token:${token}`),
    );
    expectProbeError(mapped, ['auth'], [token]);
  });
  test('given a clock of ours that is wrong, when AWS says so, then the advice is to set it, not to grant anything', () => {
    const { message, reason } = awsError(attempt, named('RequestTimeTooSkewed', 403));
    expect(reason).toBe('auth');
    expect(message).toContain("this machine's clock");
    expect(message).not.toContain('Grant');
  });
  test('given a ProbeError, when mapped, then it stays as it is', () => {
    const error = awsError(attempt, coded('ENOTFOUND'));
    expect(awsError(attempt, error)).toBe(error);
  });
});

describe('AWS config', () => {
  test.each([
    [{}, 'kinesis.amazonaws.com'],
    [{ region: 'eu-west-1' }, 'kinesis.eu-west-1.amazonaws.com'],
    [{ region: 'cn-north-1' }, 'kinesis.cn-north-1.amazonaws.com.cn'],
    [{ region: 'eu-west-1', endpoint: 'http://127.0.0.1:4568/' }, '127.0.0.1:4568'],
  ])('given %j, when asked for the target, then it is %s', (config, target) => {
    expect(awsTarget('kinesis', config)).toBe(target);
  });
  test.each([
    ['one half of a key pair', { access_key_id: 'AKIADUMMY' }],
    ['credentials in the endpoint', { endpoint: 'https://user:secret@127.0.0.1' }],
    ['an endpoint that is no http address', { endpoint: 'ftp://127.0.0.1' }],
    ['a region that is no name', { region: 'eu-west-1.evil.example/' }],
  ])('given %s, when parsed, then it is refused', (_what, more) => {
    const base = { stream: 'logs', region: 'eu-west-1' };
    expect(kinesis.observe?.config.safeParse(base).success).toBe(true);
    expect(kinesis.observe?.config.safeParse({ ...base, ...more }).success).toBe(false);
  });
  test('given the schemas of all AWS probes, when made into JSON Schema for editors, then it works', () => {
    for (const role of [kinesis.inject, kinesis.observe, kinesisIteratorAge.check, s3.observe]) {
      expect(role && z.toJSONSchema(role.config, { io: 'input', target: 'draft-7' })).toMatchObject({ type: 'object' });
    }
  });
});
