import type { EpochMs } from '../lib/clock.ts';
import { utcStamp } from './utc.ts';

/** One log line as Fluent Bit's `kinesis_streams` output sends it (tail input with `path_key`), line feed at the end. */
export interface AgentRecord {
  readonly time: string;
  readonly stream: string;
  readonly log: string;
  readonly filename: string;
  readonly node: string;
  readonly '@timestamp': string;
}

export interface TailedLine {
  readonly text: string;
  readonly node: string;
  readonly file: string;
  readonly at: EpochMs;
}

export function encodeRecord({ text, node, file, at }: TailedLine): string {
  const stamp = utcStamp(at);
  const record = { time: stamp, stream: 'stdout', _p: 'F', log: text, filename: file, node, '@timestamp': stamp };
  return `${JSON.stringify(record)}\n`;
}

/** Undefined for what no agent of ours wrote. */
export function decodeRecord(data: Uint8Array): AgentRecord | undefined {
  try {
    const record: Partial<AgentRecord> = JSON.parse(Buffer.from(data).toString('utf8'));
    return typeof record.log === 'string' && record['@timestamp'] !== undefined ? (record as AgentRecord) : undefined;
  } catch {
    return undefined;
  }
}
