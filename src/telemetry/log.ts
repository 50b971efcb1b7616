import { pino } from 'pino';
import type { Log } from '../lib/log.ts';
import { redactFields, redactText } from './redact.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  readonly level: LogLevel;
  /** For people: one plain line each. Default: JSON lines. */
  readonly pretty?: boolean;
  /** Normally stderr: data goes to stdout, notices to stderr. */
  readonly stream: { write(text: string): unknown };
}

/** A log that lets no secret and no whole canary token through, whatever it is given. */
export function createLog(options: LogOptions): Log {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redactFields },
      hooks: { streamWrite: (line) => (options.pretty ? plainLine(line) : redactText(line)) },
    },
    { write: (text: string) => void options.stream.write(text) },
  );
}

/** `12:03:05Z WARN  what happened  key=value`; values are JSON, so that no text can break out of its line. */
function plainLine(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const pairs = Object.entries(fields).map(([key, value]) => `  ${key}=${JSON.stringify(value)}`);
  const message = JSON.stringify(String(msg ?? ''))
    .slice(1, -1)
    .replaceAll('\\"', '"');
  return redactText(
    `${String(time).slice(11, 19)}Z ${String(level).toUpperCase().padEnd(5)} ${message}${pairs.join('')}\n`,
  );
}
