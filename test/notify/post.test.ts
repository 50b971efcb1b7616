import { getGlobalDispatcher, MockAgent, setGlobalDispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openPost, secretsOf } from '../../src/notify/post.ts';
import { handClock } from '../fakes/hand-clock.ts';
import { sampleSince } from '../fakes/incident-facts.ts';

describe('a POST without an answer', () => {
  const real = getGlobalDispatcher();
  let agent: MockAgent;
  beforeEach(() => {
    agent = new MockAgent();
    agent.disableNetConnect();
    setGlobalDispatcher(agent);
  });
  afterEach(async () => {
    setGlobalDispatcher(real);
    await agent.close();
  });

  const coded = (code: string) => Object.assign(new Error('low-level words'), { code });
  const failing = (error: Error) => {
    agent.get('https://hooks.example').intercept({ path: '/a-secret-path', method: 'POST' }).replyWithError(error);
    const request = { url: 'https://hooks.example/a-secret-path', body: '{}', secrets: ['a-secret-path'] };
    return openPost({ name: 'ops', clock: handClock(sampleSince) }).send(request, {
      signal: new AbortController().signal,
    });
  };

  test.each([
    ['ENOTFOUND', 'dns'],
    ['EAI_AGAIN', 'dns'],
    ['ECONNREFUSED', 'refused'],
    ['ETIMEDOUT', 'timeout'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
    ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
    ['CERT_HAS_EXPIRED', 'tls'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
    ['EPROTO', 'tls'],
    ['HPE_INVALID_CONSTANT', 'bad_answer'],
    ['UND_ERR_HEADERS_OVERFLOW', 'bad_answer'],
    ['ECONNRESET', 'network'],
    ['EHOSTUNREACH', 'network'],
    ['ENETUNREACH', 'network'],
    ['UND_ERR_SOCKET', 'network'],
    ['SOMETHING_NEW', 'network'],
  ])('given %s, then the reason is %s, it may be sent again, and only the host is named', async (code, reason) => {
    const sent = failing(coded(code));
    await expect(sent).rejects.toMatchObject({ code: 'NOTIFY', reason, retryable: true });
    await expect(sent).rejects.toThrow(/^Cannot send to ops: .+ from hooks\.example\. .+\.$/);
  });

  test('given several addresses that all refuse, then the first one’s reason counts', async () => {
    const sent = failing(new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')]));
    await expect(sent).rejects.toMatchObject({ reason: 'refused' });
  });

  test('given a code that only the cause carries, then that counts', async () => {
    await expect(failing(new TypeError('failed', { cause: coded('ENOTFOUND') }))).rejects.toMatchObject({
      reason: 'dns',
    });
  });
});

test('given an address, then whatever of it is long enough to be a secret is one', () => {
  expect(secretsOf('https://hooks.example/v2/T0000001/abcdefgh?key=sesame')).toEqual([
    'https://hooks.example/v2/T0000001/abcdefgh?key=sesame',
    '/v2/T0000001/abcdefgh?key=sesame',
    '/v2/T0000001/abcdefgh',
    '?key=sesame',
    'T0000001',
    'abcdefgh',
  ]);
});
