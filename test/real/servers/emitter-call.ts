/** The protocol of deploy/kubernetes/PROTOCOL.md, as a caller writes and reads it. */
import http from 'node:http';
import { composeLine } from '../../../src/core/line.ts';
import { type Shape, shapes } from '../../../src/core/pipeline.ts';
import { mintToken } from '../../../src/core/token.ts';
import { createSigner } from '../../../src/lib/signer.ts';

export interface Settled {
  readonly state: 'e' | 'd';
  readonly index: number;
  /** ms of the emitter's clock. */
  readonly nb: number;
  readonly na: number;
}

export interface KnownBatch {
  readonly batch: number;
  readonly incarnation: string;
  readonly received: number;
  readonly count: number;
  readonly settled: readonly Settled[];
}

export interface Answer {
  /** As it came. */
  readonly text: string;
  readonly word: string;
  readonly incarnation: string;
  readonly started: number;
  readonly now: number;
  /** Waiting, of all instances. */
  readonly lines: number;
  readonly bytes: number;
  readonly fault: string | undefined;
  readonly batches: readonly KnownBatch[];
  readonly whole: boolean;
}

export function answerOf(text: string): Answer {
  const [head = '', ...rest] = text
    .split('\n')
    .map((line) => line.trimEnd().split(' '))
    .map((fields) => fields.join(' '));
  const [magic, word = '', incarnation = '', ...more] = head.split(' ');
  if (magic !== 'lcne1') throw new Error(`That is no answer of an emitter: ${JSON.stringify(text.slice(0, 200))}`);
  const [started = 0, now = 0, lines = 0, bytes = 0] = more.map(Number);
  const batches: (KnownBatch & { settled: Settled[] })[] = [];
  for (const line of rest) read(line.split(' '), batches);
  return { text, word, incarnation, started, now, lines, bytes, fault: more[4], batches, whole: rest.at(-2) === 'end' };
}

function read([kind = '', ...fields]: string[], batches: (KnownBatch & { settled: Settled[] })[]): void {
  if (kind === 'batch') {
    const [batch = 0, , received = 0, count = 0] = fields.map(Number);
    batches.push({ batch, incarnation: fields[1] ?? '', received, count, settled: [] });
  } else if (kind === 'e' || kind === 'd') {
    const [index = 0, nb = 0, took = 0] = fields.map(Number);
    batches.at(-1)?.settled.push({ state: kind, index, nb, na: nb + took });
  } else if (kind !== 'end' && kind !== '') throw new Error(`A receipt has no line such as ${JSON.stringify(kind)}`);
}

/** A batch as a caller describes it. */
export interface Sending {
  readonly secret: string;
  readonly instance: string;
  readonly incarnation?: string;
  readonly batch: number;
  readonly done?: number;
  /** With the line of each. */
  readonly lines?: readonly { readonly delay: number; readonly text: string }[];
}

export function bodyOf({ secret, instance, incarnation = '-', batch, done = 0, lines = [] }: Sending): string {
  const body = lines.map(({ delay, text }) => `${delay} ${text.replaceAll('\n', '\\n')}\n`).join('');
  return `lcne1 ${secret} ${instance} ${incarnation} ${batch} ${done} ${lines.length} ${Buffer.byteLength(body)}\n${body}`;
}

/** One request, one connection, as the API server's proxy makes it. */
export function post(port: number, body: string | Buffer): Promise<string> {
  const bytes = Buffer.from(body);
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/cgi-bin/emit', method: 'POST', agent: false };
    const request = http.request({ ...options, headers: { 'content-length': bytes.length } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text)).on('error', reject);
    });
    request.on('error', reject).end(bytes);
  });
}

const signer = createSigner([{ id: 'a1', secret: 'only-for-this-test-0123456789abcdef' }]);
let minted = 0;

/** A canary like no other, as logcanary writes it. `length` is the class of its filler, 0–31. */
export function canary(shape: Shape = 'plain', length = 0): string {
  minted += 1;
  const shapeNumber = shapes.indexOf(shape);
  const plannedAt = 1_795_000_000_000 + minted;
  const fields = { key: signer.first, writer: 7, stream: 9, seq: minted, plannedAt, shape: shapeNumber, length };
  return composeLine({ token: mintToken(fields, signer), pipeline: 'real', stream: 'node-1', seq: minted });
}
