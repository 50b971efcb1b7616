/** What may stand beside the kind of a notifier, whatever it is; and the addresses that all of them link to. */
import { z } from 'zod';
import { incidentKinds } from '../core/incident.ts';
import { locales } from '../core/pipeline.ts';
import { placeholders, placeholdersIn } from '../notify/links.ts';
import { duration, httpUrl, isTimeZone, name } from './field.ts';

const second = 1_000;
const minute = 60 * second;
const day = 24 * 60 * minute;

const severity = z.enum(['critical', 'warning']);

export const notifyFrame = z.strictObject({
  name: name({ description: 'Unique among notifiers. Default: the kind.', example: 'oncall' }).optional(),
  min_severity: severity
    .meta({ description: 'Least severity that is sent there. Default depends on the kind.' })
    .optional(),
  only: z
    .strictObject({
      pipelines: z
        .array(name({ description: 'A pipeline.', example: 'prod' }))
        .min(1)
        .optional(),
      kinds: z.array(z.enum(incidentKinds)).min(1).optional(),
      min_severity: severity.optional(),
    })
    .meta({ description: 'Incidents that are sent there. Default: all.' })
    .optional(),
  standby: z
    .boolean()
    .meta({ description: 'Told only where another notifier falls back to it. Default false.' })
    .optional(),
  fallback: name({
    description: 'The notifier that is told too when this one does not take a notification.',
    example: 'backup-mail',
  }).optional(),
  fallback_after: duration({
    description: 'How long it may fail before its fallback is told; at once where it refuses for good. Default 2m.',
    min: 5 * second,
    max: day,
    example: '2m',
  }).optional(),
  escalate_after: duration({
    description: 'Told only of what has been critical for so long and is not over. Default: told at once.',
    min: minute,
    max: 7 * day,
    example: '30m',
  }).optional(),
  locale: z.enum(locales).meta({ description: 'Language of its text. Default en.' }).optional(),
  timezone: z
    .string()
    .refine(isTimeZone, 'not a time zone. Write an IANA name like Asia/Tokyo.')
    .meta({ description: "Zone of its times, beside UTC. Default: this machine's.", examples: ['Asia/Tokyo'] })
    .optional(),
});

const template = httpUrl({
  description: `An address; ${placeholders.map((each) => `{${each}}`).join(' ')} stand for what the incident says.`,
  example: 'https://wiki.example/runbooks/{kind}#{hop}',
}).refine((text) => placeholdersIn(text).every(isPlaceholder), {
  error: (issue) => {
    const unknown = placeholdersIn(String(issue.input)).filter((each) => !isPlaceholder(each));
    return `{${unknown[0]}} stands for nothing. Known: ${placeholders.map((each) => `{${each}}`).join(' ')}.`;
  },
});

export const links = z
  .strictObject({
    page: httpUrl({
      description: 'Our own status page, as people on call reach it. Default: made of listen.',
      example: 'https://logcanary.example/',
    }).optional(),
    runbook: template.optional(),
    discover: z
      .union([template, z.record(z.string(), template)])
      .meta({ description: 'A search in Kibana or its like: one address for all hops, or one by the name of each.' })
      .optional(),
  })
  .meta({ description: 'Where pages lead to.' });

function isPlaceholder(text: string): boolean {
  return placeholders.some((each) => each === text);
}
