import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { shapes } from '../../src/core/pipeline.ts';
import { scan, scanRecord } from '../../src/core/scan.ts';
import { lineOf, tokenOf } from './samples.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const { token, line } = lineOf('plain');
const whole = { token, kind: 'line' };

describe('scan tells lines from echoes', () => {
  test.each(shapes)(
    'given a line of shape %s, when its text or bytes are scanned, then it is one undamaged line',
    (shape) => {
      const sample = lineOf(shape);
      expect(scan(sample.line)).toEqual({ finds: [{ token: sample.token, kind: 'line' }] });
      expect(scan(bytes(sample.line))).toEqual({ finds: [{ token: sample.token, kind: 'line' }] });
    },
  );

  test.each([
    ['a token in a query', `{"terms":{"message":["${token}"]}}`],
    ['a token at the very start', token],
    ['a token within a longer run', `logcanary ${token}abc`],
    ['another opening', `canary ${token} prod/node-a #12`],
    ['an opening with two spaces', `logcanary  ${token} prod/node-a #12`],
  ])('given %s, when it is scanned, then it is an echo and no delivery', (_, text) => {
    expect(scan(text)).toEqual({ finds: [{ token, kind: 'echo' }] });
    expect(scan(bytes(text))).toEqual({ finds: [{ token, kind: 'echo' }] });
  });

  test.each([
    '',
    'lcn1',
    'lcn1lcn1lcn1',
    'logcanary ',
    `lcn1${'a'.repeat(47)}1`,
    `LCN1${'A'.repeat(47)}0`,
    token.slice(0, 11),
  ])('given "%s", when it is scanned, then nothing is found', (text) => {
    expect(scan(text)).toEqual({ finds: [] });
    expect(scan(bytes(text))).toEqual({ finds: [] });
  });

  test('given a view into a larger buffer, when it is scanned, then only the view is', () => {
    const all = bytes(`${line}\n${line}\n`);
    expect(scan(all.subarray(0, bytes(line).length + 1)).finds).toEqual([whole]);
  });
});

describe('scan judges what follows', () => {
  test('given a line cut within its filler, when it is scanned, then the damage says after how many characters', () => {
    expect(scan(line.slice(0, 100)).finds).toEqual([{ ...whole, damage: 'cut after 100 characters' }]);
    expect(scan(`{"message":"${line.slice(0, 100)}","offset":1}`).finds).toEqual([
      { ...whole, damage: 'cut after 100 characters' },
    ]);
    expect(scan(`${line.slice(0, 100)}[Truncated...]`).finds).toEqual([
      { ...whole, damage: 'cut after 100 characters' },
    ]);
  });

  test('given a changed character, when it is scanned, then the damage says which', () => {
    expect(scan(`${line.slice(0, 99)}#${line.slice(100)}`).finds).toEqual([
      { ...whole, damage: 'changed at character 100' },
    ]);
  });

  test('given another seq or no names, when it is scanned, then it is damaged', () => {
    expect(scan(line.replace('#12', '#13')).finds).toEqual([{ ...whole, damage: expect.stringMatching(/^changed/) }]);
    expect(scan(line.replace('prod/node-a', 'prod')).finds).toEqual([
      { ...whole, damage: expect.stringMatching(/^changed/) },
    ]);
  });

  test('given unicode re-encoded as Latin-1, when it is scanned, then the damage shows', () => {
    const sample = lineOf('unicode');
    const broken = Buffer.from(sample.line, 'utf8').toString('latin1');
    expect(scan(broken).finds).toEqual([
      { token: sample.token, kind: 'line', damage: expect.stringMatching(/^changed/) },
    ]);
    expect(scan(sample.line.normalize('NFC')).finds[0]?.damage).toMatch(/^changed/);
    expect(scan(sample.line.replace(/[^ -~]+/g, '?')).finds[0]?.damage).toMatch(/^changed/);
  });

  test.each(shapes)(
    'given shape %s escaped by JSON once, twice or as ASCII, when it is scanned, then it is undamaged',
    (shape) => {
      const sample = lineOf(shape);
      const once = JSON.stringify({ log: sample.line, offset: 3 });
      const ascii = JSON.stringify(sample.line).replace(
        /[^ -~]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
      const bare = JSON.stringify(sample.line).slice(1, -1);
      for (const text of [
        once,
        JSON.stringify({ e: once }),
        ascii,
        JSON.stringify({ log: ascii }),
        bare,
        `${bare}\n`,
        once.replaceAll('/', '\\/'),
      ]) {
        expect(scan(text).finds).toEqual([{ token: sample.token, kind: 'line' }]);
        expect(scan(bytes(text)).finds).toEqual([{ token: sample.token, kind: 'line' }]);
      }
    },
  );

  test('given a docker record with its line feed, when it is scanned, then the closing quote is found behind it', () => {
    expect(scan(`{"log":"${line}\\n","stream":"stdout"}`).finds).toEqual([whole]);
  });

  test('given a json line that lost its closing brace and was wrapped again, when it is scanned, then it is cut', () => {
    const sample = lineOf('json');
    for (const chars of [1, 2]) {
      const cut = sample.line.slice(0, -chars);
      expect(scan(cut).finds[0]?.damage).toMatch(/^cut after/);
      expect(scan(JSON.stringify({ log: cut, offset: 1 })).finds[0]?.damage).toMatch(/^cut after/);
    }
  });
});

describe('scan and lines that become several records', () => {
  const multi = lineOf('multiline');
  const [first = '', second = ''] = multi.line.split('\n');

  test('given a multiline whose lines became records of their own, when they are scanned, then the first is undamaged', () => {
    const cri = multi.line.split('\n').map((text) => `2026-11-20T08:24:10.321Z stdout F ${text}\n`);
    const json = multi.line.split('\n').map((text) => `${JSON.stringify({ log: `${text}\n`, stream: 'stdout' })}\n`);
    for (const text of [first, `${first}\n`, cri.join(''), json.join('')]) {
      expect(scan(text).finds).toEqual([{ token: multi.token, kind: 'line' }]);
    }
  });

  test('given a multiline cut within its first or second line or joined by spaces, when it is scanned, then it is damaged', () => {
    expect(scan(first.slice(0, -1)).finds[0]?.damage).toMatch(/^cut/);
    expect(scan(`${first}\n${second.slice(0, -1)}`).finds[0]?.damage).toMatch(/^cut/);
    expect(scan(multi.line.replaceAll('\n', ' ')).finds[0]?.damage).toMatch(/^changed/);
  });

  const long = lineOf('long');
  const [head, rest] = [long.line.slice(0, 16_384), long.line.slice(16_384)];

  test('given a long line split at 16 KiB with its rest right behind, when it is scanned, then it is undamaged', () => {
    const cri = `2026-11-20T08:24:10Z stdout P ${head}\n2026-11-20T08:24:10Z stdout F ${rest}\n`;
    const docker = `${JSON.stringify({ log: head, stream: 'stdout' })}\n${JSON.stringify({ log: `${rest}\n`, stream: 'stdout' })}\n`;
    for (const text of [cri, docker]) {
      expect(scan(text).finds).toEqual([{ token: long.token, kind: 'line' }]);
      expect(scan(bytes(text)).finds).toEqual([{ token: long.token, kind: 'line' }]);
    }
  });

  test('given a long line split at 16 KiB without its rest, when it is scanned, then it is split', () => {
    expect(scan(JSON.stringify({ log: head, stream: 'stdout' })).finds[0]?.damage).toMatch(
      /^split after 16384 characters/,
    );
    expect(scan(`stdout P ${head}\nstdout F ${rest.slice(0, -3)}\n`).finds[0]?.damage).toMatch(/^cut after/);
  });
});

describe('scan and repetition', () => {
  test('given a line twice in one document, when it is scanned, then it is one sighting', () => {
    expect(scan(`{"message":"${line}","event":{"original":"${line}"},"tags":[]}`).finds).toEqual([whole]);
    expect(scan(`{"note":"${token}","message":"${line}"}`).finds).toEqual([whole]);
  });

  test.each([
    ['on two lines', `{"message":"${line}"}\n{"message":"${line}"}\n`],
    ['run together', `{"message":"${line}","a":1}{"message":"${line}","a":1}`],
    ['in one array', `{"hits":[{"message":"${line}","a":1}, {"message":"${line}","a":1}]}`],
    ['framed by KPL', `{"message":"${line}","a":1}\u001a\u0080\u0001{"message":"${line}","a":1}`],
    ['bare and run together', `${line}${line}`],
  ])('given a line in two documents %s, when they are scanned, then both are reported', (_, text) => {
    expect(scan(text).finds).toEqual([whole, whole]);
  });
});

describe('scan and suspects', () => {
  const upper = token.toUpperCase();
  test.each([
    ['cut', token.slice(0, 30), token.slice(0, 30)],
    ['upper-cased', upper, upper],
    ['one off in the magic', `lcn2${token.slice(4)}`, `lcn2${token.slice(4)}`],
    [
      'one replaced by another script',
      `${token.slice(0, 30)}\ufffd${token.slice(31)}`,
      `${token.slice(0, 30)}\ufffd${token.slice(31)}`,
    ],
    ['over-long', 'a'.repeat(90), 'a'.repeat(64)],
  ])('given our opening and a token that is %s, when it is scanned, then it is a suspect', (_, text, suspect) => {
    for (const input of [`logcanary ${text} prod/node-a #12`, `{"m":"logcanary ${text}"}`]) {
      expect(scan(input).finds).toEqual([{ token: suspect, kind: 'suspect' }]);
      expect(scan(bytes(input)).finds).toEqual([{ token: suspect, kind: 'suspect' }]);
    }
  });

  test.each([
    'logcanary is a watchdog',
    `logcanary ${token.slice(0, 11)}`,
    'logcanary https://example.org/a/b/c-d_e~f?g=h&i=j',
    `logcanary ${token.slice(0, 19)}`,
  ])('given "%s", when it is scanned, then it is no suspect', (text) => expect(scan(text).finds).toEqual([]));
});

describe('scan is bounded', () => {
  test('given more finds than allowed, when it is scanned, then it says too-many', () => {
    const text = `${line}\n`.repeat(5);
    expect(scan(text, { maxFinds: 3 })).toEqual({ finds: [whole, whole, whole], why: 'too-many' });
    expect(scan(text, { maxFinds: 5 })).toEqual({ finds: [whole, whole, whole, whole, whole] });
    expect(scanRecord(bytes(text), { maxFinds: 3 }).why).toBe('too-many');
  });

  // Quadratic work on 4 MB would take minutes, so the time limit of a test is the check.
  test.each([
    ['magics', 'lcn1'],
    ['magics with a tail', `lcn1${'a'.repeat(46)}`],
    ['openings', 'logcanary '],
    ['openings with runs', `logcanary ${'-'.repeat(300)} `],
    ['suspects', `logcanary ${'a'.repeat(52)} `],
    ['the same echo in one endless document', `"a":"${token}", `],
    ['lines of one token', `"a":"logcanary ${token} `],
    ['lines that go on in backslashes', `logcanary ${token} ${'\\'.repeat(200)}`],
    ['whole lines before endless space', `"a":"${line}${' '.repeat(2000)}`],
  ])('given megabytes of %s, when they are scanned, then it ends', (_, unit) => {
    const text = unit.repeat(Math.ceil(4e6 / unit.length));
    expect(scan(bytes(text)).finds.length).toBeLessThanOrEqual(100_000);
  });
});

describe('scanRecord', () => {
  const record = bytes(`{"message":"${line}"}\n`);
  const other = lineOf('unicode', { seq: 13 });
  const otherRecord = bytes(`${other.line}\n`);
  const both = { finds: [whole, { token: other.token, kind: 'line' }] };

  test.each([
    ['gzip', gzipSync],
    ['zlib', deflateSync],
    ['zstd', zstdCompressSync],
  ])(
    'given a record in %s, twice over, or one behind the other, when it is scanned, then all lines are found',
    (_, pack) => {
      expect(scanRecord(pack(record))).toEqual({ finds: [whole] });
      expect(scanRecord(gzipSync(pack(record)))).toEqual({ finds: [whole] });
      expect(scanRecord(Buffer.concat([pack(record), pack(otherRecord)]))).toEqual(both);
      expect(scanRecord(Buffer.concat([pack(record), otherRecord]))).toEqual(both);
    },
  );

  test('given a plain record, when it is scanned, then its lines are found', () => {
    expect(scanRecord(record)).toEqual({ finds: [whole] });
    expect(scanRecord(bytes(`x\u005e${line}`))).toEqual({ finds: [whole] });
  });

  test('given a Firehose error record, when it is scanned, then its base64 data are, also compressed ones', () => {
    for (const data of [record, gzipSync(record)]) {
      const text = `{"attemptsMade":4,"errorCode":"ES.x","rawData": "${Buffer.from(data).toString('base64')}","esIndexName":"x"}\n`;
      expect(scanRecord(bytes(text))).toEqual({ finds: [whole] });
      expect(scanRecord(gzipSync(text))).toEqual({ finds: [whole] });
    }
  });

  test('given a record that is cut, too deep, too large, or in snappy, when it is scanned, then it says why it may miss some', () => {
    const zipped = gzipSync(record);
    expect(scanRecord(zipped.subarray(0, -9))).toEqual({ finds: [], why: 'undecodable' });
    expect(scanRecord(gzipSync(gzipSync(gzipSync(zipped))))).toEqual({ finds: [], why: 'undecodable' });
    expect(scanRecord(gzipSync(Buffer.alloc(5_000_000)), { maxBytes: 1_000_000 })).toEqual({
      finds: [],
      why: 'too-large',
    });
    expect(scanRecord(Buffer.from('ff060000734e61507059aaaa', 'hex'))).toEqual({ finds: [], why: 'undecodable' });
    expect(scanRecord(Buffer.concat([zipped, zipped.subarray(0, -9)]))).toEqual({ finds: [whole], why: 'undecodable' });
  });

  test('given many compressed parts that together pass the bound, when they are scanned, then it says too-large', () => {
    const bomb = gzipSync(Buffer.alloc(400_000));
    expect(scanRecord(Buffer.concat([bomb, bomb, bomb]), { maxBytes: 1_000_000 }).why).toBe('too-large');
  });

  test('given thousands of empty compressed parts, when they are scanned, then they use the bound up, too', () => {
    const parts = Buffer.concat(Array.from({ length: 2_000 }, () => deflateSync('')));
    expect(scanRecord(parts, { maxBytes: 1_000_000 })).toEqual({ finds: [], why: 'too-large' });
  });

  test('given tokens of several streams in one record, when it is scanned, then they keep their order', () => {
    const tokens = [1, 2, 3].map((stream) => tokenOf({ stream }));
    expect(scanRecord(bytes(tokens.join(' '))).finds.map((find) => find.token)).toEqual(tokens);
  });
});
