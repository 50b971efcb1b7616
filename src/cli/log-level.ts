import type { LogLevel } from '../telemetry/log.ts';
import { CommandExit } from './command.ts';

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** @throws CommandExit 2 for a level that does not exist */
export function levelOf(text: string): LogLevel {
  const level = levels.find((each) => each === text);
  if (level === undefined) throw new CommandExit(2, `--log-level "${text}" is none of ${levels.join(', ')}.`);
  return level;
}
