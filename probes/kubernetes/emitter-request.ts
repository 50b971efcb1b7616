/** What an emitter is sent: `deploy/kubernetes/PROTOCOL.md`, "The body". */
import { ProbeError } from '../../src/probe.ts';

/** All from the protocol's table. */
export const MAX_LINES = 2000;
export const MAX_BODY_BYTES = 524_288;
export const MAX_DELAY_MS = 2_100_000;
const MAX_LINE_BYTES = 40_000;
const MAX_BATCH = 9_999_999_999;

export interface ScheduledLine {
  /** From the moment the emitter has read the header. Whole ms, never falling from line to line. */
  readonly delayMs: number;
  /** As `composeLine` makes it. */
  readonly text: string;
}

export interface EmitterRequest {
  /** Who asks; one ledger and one stream is one. `[A-Za-z0-9_-]{1,40}` */
  readonly instance: string;
  /** From the last receipt; `-` in the first call, which asks only: any incarnation would take lines sent with it. */
  readonly incarnation: string;
  /** 0 asks only; above 0 without lines closes all lower numbers that have not come. */
  readonly batch: number;
  /** What receipts up to this batch said is stored. */
  readonly done: number;
  readonly lines: readonly ScheduledLine[];
}

/** @throws ProbeError `internal` for what no emitter would take; the secret is in the body and nowhere else */
export function composeRequest(secret: string, request: EmitterRequest): Buffer {
  const fault = faultOf(request);
  if (fault !== undefined) throw notTaken(fault);
  const lines = Buffer.from(request.lines.map(lineOf).join(''));
  if (lines.length > MAX_BODY_BYTES) throw notTaken(`${lines.length} bytes`);
  const { instance, incarnation, batch, done } = request;
  const head = `lcne1 ${secret} ${instance} ${incarnation} ${batch} ${done} ${request.lines.length} ${lines.length}\n`;
  return Buffer.concat([Buffer.from(head), lines]);
}

/** How many of these lines, from the first on, one batch can bring. */
export function fitting(lines: readonly ScheduledLine[]): number {
  let bytes = 0;
  for (const [count, line] of lines.entries()) {
    bytes += Buffer.byteLength(lineOf(line));
    if (count === MAX_LINES || bytes > MAX_BODY_BYTES || line.delayMs > MAX_DELAY_MS) return count;
  }
  return lines.length;
}

/** Inner line feeds become a backslash and an n: the request is read line by line. */
function lineOf({ delayMs, text }: ScheduledLine): string {
  return `${delayMs} ${text.replaceAll('\n', '\\n')}\n`;
}

function faultOf({ instance, incarnation, batch, done, lines }: EmitterRequest): string | undefined {
  if (!/^[A-Za-z0-9_-]{1,40}$/.test(instance)) return 'an instance it does not know';
  if (!/^(-|[0-9a-f]{16})$/.test(incarnation)) return 'an incarnation it does not know';
  if (![batch, done].every((number) => Number.isInteger(number) && number >= 0 && number <= MAX_BATCH))
    return 'a batch number out of bounds';
  if (lines.length > MAX_LINES || (batch === 0 && lines.length > 0)) return `${lines.length} lines`;
  if (incarnation === '-' && lines.length > 0) return 'lines for no incarnation';
  let last = 0;
  for (const { delayMs, text } of lines) {
    if (!Number.isInteger(delayMs) || delayMs < last || delayMs > MAX_DELAY_MS) return `a delay of ${delayMs} ms`;
    if (Buffer.byteLength(text) > MAX_LINE_BYTES) return 'a line that is too long';
    if (!isSendable(text)) return 'a line with characters that it refuses';
    last = delayMs;
  }
  return undefined;
}

/** No backslash, no control character; a line feed only with the indentation of `multiline` behind it. */
function isSendable(text: string): boolean {
  const flat = text.replaceAll('\n    ', '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  return !/[\\\u0000-\u001f\u007f]/.test(flat);
}

function notTaken(what: string): ProbeError {
  return new ProbeError(`Cannot send a schedule: an emitter does not take ${what}. This is a bug of logcanary.`, {
    reason: 'internal',
  });
}
