/** `drill` in the configuration: test incidents that are sent by themselves. */
import { z } from 'zod';
import { defaultDrillTimeoutMs, drillTimeoutMs, longestDrillHoldMs } from '../core/drill.ts';
import type { DrillSpec } from '../core/pipeline.ts';
import { formatDuration } from '../lib/duration.ts';
import { parseSchedule, runAfter } from './drill-times.ts';
import { duration, isTimeZone, name, parsedText } from './field.ts';

export const drillFrame = z
  .strictObject({
    schedule: parsedText(parseSchedule, {
      description: 'When one is held: minute hour day month weekday.',
      pattern: '^\\S+( +\\S+){4}$',
      examples: ['0 10 * * mon'],
    }),
    timezone: z
      .string()
      .refine(isTimeZone, 'not a time zone. Write an IANA name like Asia/Tokyo.')
      .meta({ description: "Zone of the schedule. Default: this machine's.", examples: ['Asia/Tokyo'] })
      .optional(),
    notifiers: z
      .array(name({ description: 'A notifier.', example: 'oncall' }))
      .min(1)
      .meta({ description: 'Channels that are drilled. Default: all, those on standby too.' })
      .optional(),
    timeout: duration({
      description: `How long a channel has to accept the test incident and to prove that it arrived. Default ${formatDuration(defaultDrillTimeoutMs)}.`,
      ...{ min: drillTimeoutMs.least, max: drillTimeoutMs.most, example: '60s' },
    }).prefault(formatDuration(defaultDrillTimeoutMs)),
    hold: duration({
      description: 'How long the test incident stays open after that. Default 0s.',
      ...{ min: 0, max: longestDrillHoldMs, example: '1m' },
    }).prefault('0s'),
  })
  .meta({
    description: 'Test incidents through the channels, at fixed times: a channel that fails is told on the others.',
  });

export function buildDrill({ schedule, timezone, notifiers, timeout, hold }: z.output<typeof drillFrame>): DrillSpec {
  const zone = timezone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return {
    text: `${schedule} ${zone}`,
    next: runAfter(schedule, zone),
    ...(notifiers === undefined ? {} : { notifiers }),
    timeoutMs: timeout,
    holdMs: hold,
  };
}
