/** What strangers, and callers gone wrong, can do to an emitter: nothing that shows in its log, or outlives their call. */
import { readdir, readFile } from 'node:fs/promises';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { type Emitter, emitterSecret as secret, startEmitter } from './servers/emitter.ts';
import { bodyOf, canary } from './servers/emitter-call.ts';
import { openScratch, type Scratch } from './servers/scratch.ts';

const withBusybox = describe.skipIf(inject('missing').busybox !== undefined);
const soon = { timeout: 20_000, interval: 50 };
let scratch: Scratch;
let emitter: Emitter;
let calls = 0;
/** Lines that are meant to be in the log. */
let printed = 0;

beforeAll(async () => {
  scratch = await openScratch('emitter-hostile');
  emitter = await startEmitter({ dir: `${scratch.dir}/pod` });
  scratch.cleanup(() => emitter.kill());
});
afterAll(() => scratch.end());

/** After each of them it works as before, and nothing but this has been printed, and nothing is left over. */
afterEach(async () => {
  calls += 1;
  const before = emitter.lines().slice(printed);
  printed += before.length + 1;
  const text = canary();
  const body = bodyOf({ secret, instance: 'good', batch: calls, done: calls - 1, lines: [{ delay: 0, text }] });
  expect((await emitter.call(body)).word).toBe('ok');
  await vi.waitFor(() => expect(emitter.lines().slice(printed - 1)).toEqual([text]), soon);
  expect(before).toEqual([]);
  await vi.waitFor(async () => expect(await readdir(`${emitter.state}/w`)).toEqual([]), soon);
  expect(emitter.errors()).toBe('');
});

/** What comes back for these very bytes; ends when the other side closes, or `waitMs` after the last byte. */
function raw(bytes: string | Buffer, half = false): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect({ host: '127.0.0.1', port: emitter.port, allowHalfOpen: true }, () => {
      socket.write(bytes);
      if (half) socket.end();
    });
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve(text) : reject(error)));
    socket.on('end', () => {
      socket.destroy();
      resolve(text);
    });
  });
}

const postOf = (body: string | Buffer, length: string | number = Buffer.byteLength(body)) =>
  Buffer.concat([
    Buffer.from(`POST /cgi-bin/emit HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`),
    Buffer.from(body),
  ]);
const good = { delay: 0, text: canary() };
const whole = () => bodyOf({ secret, instance: 'i', batch: 1_000_000, lines: [good] });

withBusybox('requests', () => {
  test.each([
    '/../../../../etc/passwd',
    '/cgi-bin/../../../../../../etc/passwd',
    '/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
    '/cgi-bin/%2e%2e%2f%2e%2e%2fsecret',
    '/cgi-bin/..data/../../secret',
    '//etc/passwd',
    '/cgi-bin/',
    '/cgi-bin/emit/../../../secret',
    '/cgi-bin/sh',
    '/cgi-bin/../bin/sh',
    '/cgi-bin/emit%00',
    '/cgi-bin/emit;id',
    '/..%c0%af..%c0%afetc/passwd',
  ])('given the path %s, then no file and no program but ours is reached', async (url) => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'HEAD']) {
      const answer = await raw(`${method} ${url} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
      expect(answer).not.toMatch(/root:|uid=/);
      expect(answer).not.toContain(secret);
      if (answer.includes(' 200 OK')) expect(answer).toMatch(/\r\n\r\n(ok|lcne1 refused)\n$/);
    }
  });

  test.each([
    ['/cgi-bin/emit?$(id)', ''],
    ['/cgi-bin/emit?a=`id`;id&x', ''],
    ['/cgi-bin/emit', 'User-Agent: () { :;}; echo; /bin/id\r\n'],
    ['/cgi-bin/emit', 'EMITTER_SECRET: /etc/hostname\r\nEmitter-State: /tmp\r\nPATH: /tmp\r\nLD_PRELOAD: /tmp/x\r\n'],
    ['/cgi-bin/emit', 'Content-Type: $(id)\r\nCookie: `id`\r\nReferer: ;id\r\nAuthorization: Basic eDp4\r\n'],
    ['/cgi-bin/emit', 'Transfer-Encoding: chunked\r\n'],
    ['/cgi-bin/emit', 'Expect: 100-continue\r\nRange: bytes=0-1\r\n'],
  ])('given %s with %j, then it is a call like any other without a body', async (url, headers) => {
    const answer = await raw(`POST ${url} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`, true);
    expect(answer).toMatch(/lcne1 refused\n$/);
  });

  test.each(['', '-1', '99999999999999999999', '1e3', '0x10', '5000000', '524789', ' ', '1 2', '+5'])(
    'given the content length %j, then it is refused or no batch comes of it',
    async (length) => {
      const answer = await raw(postOf(whole().slice(0, 60), length), true);
      expect(answer).not.toMatch(/lcne1 (ok|repeat)/);
    },
  );

  test('given a body that ends early, then nothing of it is taken', async () => {
    for (const missing of [2, 5, 100])
      expect(await raw(postOf(whole().slice(0, -missing), Buffer.byteLength(whole())), true)).toMatch(
        /lcne1 malformed .* bytes\nend\n$/,
      );
  });

  test('given 10 MB of anything, then they are refused unread, and the emitter stays small', async () => {
    const answer = await raw(postOf(Buffer.alloc(10_000_000, 'x')), true).catch(String);
    expect(answer).not.toMatch(/lcne1 (ok|repeat)/);
    expect(Number((await memoryOf(emitter.pid)).Rss)).toBeLessThan(4_000);
  });
});

withBusybox('headers of a body', () => {
  const header = (fields: readonly (string | number)[]) => `lcne1 ${fields.join(' ')}\n`;

  test.each([
    ['wrong secret', header([`${secret}x`, 'i', '-', 1, 0, 0, 0])],
    ['beginning of the secret', header([secret.slice(0, -1), 'i', '-', 1, 0, 0, 0])],
    ['pattern for the secret', header(['*', 'i', '-', 1, 0, 0, 0])],
    ['no secret', header(['', 'i', '-', 1, 0, 0, 0])],
    ['instance with a path', header([secret, '../../x', '-', 1, 0, 0, 0])],
    ['instance with a command', header([secret, '$(id)', '-', 1, 0, 0, 0])],
    ['instance with a comma', header([secret, 'a,1', '-', 1, 0, 0, 0])],
    ['instance that is a pattern', header([secret, '*', '-', 1, 0, 0, 0])],
    ['long instance', header([secret, 'i'.repeat(41), '-', 1, 0, 0, 0])],
    ['incarnation that is a path', header([secret, 'i', '/etc', 1, 0, 0, 0])],
    ['batch that is calculated', header([secret, 'i', '-', '1+1', 0, 0, 0])],
    ['batch that runs something', header([secret, 'i', '-', 'a[$(id>&2)]', 0, 0, 0])],
    ['octal batch', header([secret, 'i', '-', '08', 0, 0, 0])],
    ['negative batch', header([secret, 'i', '-', -1, 0, 0, 0])],
    ['huge batch', header([secret, 'i', '-', '99999999999', 0, 0, 0])],
    ['lines without a number', header([secret, 'i', '-', 0, 0, 1, 10])],
    ['too many lines', header([secret, 'i', '-', 1, 0, 2001, 10])],
    ['too many bytes', header([secret, 'i', '-', 1, 0, 1, 524_289])],
    ['a field too many', header([secret, 'i', '-', 1, 0, 0, 0, 0])],
    ['a field too few', header([secret, 'i', '-', 1, 0, 0])],
    ['another magic', `lcne2 ${secret} i - 1 0 0 0\n`],
    ['options', header([secret, '-n', '-', '-e', 0, 0, 0])],
    ['an endless line', 'lcne1 '.padEnd(100_000, 'x')],
    ['bytes that are no text', Buffer.from([...Array(256).keys()])],
    ['nothing', ''],
    ['an empty line', '\n'],
  ])('given %s, then it is refused with no other word', async (_, body) => {
    for (const answer of [await emitter.call(body), await emitter.exec(body)])
      expect(answer.text).toBe('lcne1 refused\n');
  });

  test('given a header that does not come, then it is refused after 5 s', async () => {
    expect(await raw('POST /cgi-bin/emit HTTP/1.1\r\nContent-Length: 90\r\n\r\nlcne1 ')).toMatch(/lcne1 refused\n$/);
  });
});

withBusybox('lines', () => {
  const [head = '', ...rest] = good.text.split(' ');
  const [token = '', ...tail] = rest;
  const line = (text: string, delay: string | number = 0) => `${delay} ${text}\n`;
  const fields = (count: number, body: string | Buffer) =>
    Buffer.concat([Buffer.from(`lcne1 ${secret} bad - 5 0 ${count} ${Buffer.byteLength(body)}\n`), Buffer.from(body)]);

  test.each([
    ['another text', line('hello'), 'line'],
    ['no text', line(''), 'line'],
    ['only a delay', '0\n', 'delay'],
    ['another opening', line(`x${good.text}`), 'line'],
    ['a token cut short', line([head, token.slice(0, -1), ...tail].join(' ')), 'line'],
    ['a token with a wrong letter', line([head, token.replace(/.0$/, '10'), ...tail].join(' ')), 'line'],
    ['a line cut at its end', line(good.text.slice(0, -1).replace(/ end-.*/, '')), 'line'],
    ['more after its end', line(`${good.text} and more`), 'line'],
    ['an escape for the terminal', line(good.text.replace(' end-', ' \u001b[2J end-')), 'line'],
    ['a carriage return', line(good.text.replace(' end-', ' \r end-')), 'line'],
    ['a tab', line(good.text.replace(' end-', '\tend-')), 'line'],
    ['an octal escape', line(good.text.replace(' end-', ' \\012logcanary end-')), 'line'],
    ['an end of output', line(good.text.replace(' end-', ' \\c end-')), 'line'],
    ['a line feed that begins a line of its own', line(good.text.replace(' end-', ' \\nfaked line end-')), 'line'],
    ['a double backslash', line(good.text.replace(' end-', ' \\\\n     end-')), 'line'],
    ['json with another member', line(`{"message":"${good.text}","a":"b"}`), 'line'],
    ['json that does not end', line(`{"message":"${good.text}`), 'line'],
    ['over 40 000 bytes', line(good.text.replace(' end-', ` ${'x'.repeat(40_000)} end-`)), 'line'],
    ['a NUL', line(good.text.replace(' end-', ' \0 end-')), 'bytes'],
    ['a negative delay', line(good.text, -1), 'delay'],
    ['a delay with a point', line(good.text, '1.5'), 'delay'],
    ['a delay that runs something', line(good.text, '$(id)'), 'delay'],
    ['a delay beyond 35 minutes', line(good.text, 2_100_001), 'delay'],
    ['no delay', `${good.text}\n`, 'delay'],
  ])('given one good line and one with %s, then neither is taken and nothing is repeated', async (_, bad, fault) => {
    for (const body of [line(good.text) + bad, fault === 'bytes' ? bad : bad + line(good.text, 2_100_000)]) {
      const answer = await emitter.call(fields(fault === 'bytes' && body === bad ? 1 : 2, body));
      expect(answer).toMatchObject({ word: 'malformed', fault, lines: 0, bytes: 0, batches: [] });
      expect(answer.text.split('\n')).toHaveLength(3);
    }
  });

  test('given counts that do not fit or times that fall, then nothing is taken', async () => {
    const body = line(good.text);
    const header = (count: number, bytes: number) => `lcne1 ${secret} bad - 5 0 ${count} ${bytes}\n`;
    const two = line(good.text, 10) + line(good.text, 9);
    const sent = [
      [header(2, body.length) + body, 'count'],
      [header(1, body.length + 1) + body, 'bytes'],
      [header(1, body.length - 1) + body, 'bytes'],
      [header(0, body.length) + body, 'bytes'],
      [header(2, two.length) + two, 'delay'],
    ] as const;
    for (const [text, fault] of sent) expect(await emitter.call(text)).toMatchObject({ word: 'malformed', fault });
  });

  test('given words that mean something to a shell, to printf or to a pattern, then they are printed as they are', async () => {
    const odd = canary().replace(' end-', ` $(id) \`id\` %s %n * ? [a-z] ~ && ; | > /x "q" 'q' # ! -n -e end-`);
    const before = emitter.lines().length;
    expect(
      await emitter.call(bodyOf({ secret, instance: 'odd', batch: 1, lines: [{ delay: 0, text: odd }] })),
    ).toMatchObject({
      word: 'ok',
    });
    await vi.waitFor(() => expect(emitter.lines().slice(before)).toEqual([odd]), soon);
    printed += 1;
  });
});

withBusybox('slow callers', () => {
  test('given a body that stops in the middle, then others are served, no process shows the secret, and it is late after 15 s', async () => {
    const body = whole();
    const slow = raw(postOf(body.slice(0, -10), Buffer.byteLength(body)));
    // the shell, the check of the lines, and what ends it
    await vi.waitFor(async () => expect(await calling()).toBe(3), soon);
    expect((await emitter.call(bodyOf({ secret, instance: 'other', batch: 0 }))).word).toBe('ok');
    expect((await processesOf(emitter.pid)).join('\n')).not.toContain(secret);
    expect(await slow).toMatch(/lcne1 malformed .* late\nend\n$/);
    await vi.waitFor(async () => expect(await calling()).toBe(0), soon);
  }, 40_000);

  test('given 40 callers who send nothing, then another is served at once', async () => {
    const sockets = Array.from({ length: 40 }, () => net.connect(emitter.port, '127.0.0.1'));
    const question = bodyOf({ secret, instance: 'other', batch: 0 });
    expect((await emitter.call(question)).word).toBe('ok');
    for (const socket of sockets) socket.destroy();
  });
});

/** Processes that work at a call. */
async function calling(): Promise<number> {
  return (await processesOf(emitter.pid)).filter((text) => text.includes('cgi-bin/emit\0')).length;
}

/** Command lines and environments of a process and all below it. */
async function processesOf(pid: number): Promise<string[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const own = [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`].map((file) => readFile(file, 'utf8').catch(() => ''));
  const below = children
    .trim()
    .split(' ')
    .filter(Boolean)
    .map((child) => processesOf(Number(child)));
  return [...(await Promise.all(own)), ...(await Promise.all(below)).flat()];
}

/** kB, by name. */
async function memoryOf(pid: number): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Object.fromEntries([...text.matchAll(/^(\w+):\s+(\d+) kB/gm)].map(([, name, kb]) => [name, kb]));
}
