/** Drills as a picture shows them, newest first. */
import type { Drill, DrillChannel } from '../../src/core/drill.ts';
import type { EpochMs } from '../../src/lib/clock.ts';

const pagerduty: DrillChannel = {
  ...{ notifier: 'pagerduty', kind: 'pagerduty', state: 'proven', acceptedMs: 410, provenMs: 2_130 },
  ...{ why: 'incident #4711 at PagerDuty, triggered', end: 'told' },
};
const slack: DrillChannel = {
  ...{ notifier: 'slack', kind: 'slack', state: 'accepted', acceptedMs: 320, end: 'told' },
  why: 'Slack said ok; a webhook cannot be asked what became of it',
};
const refused: DrillChannel = {
  ...{ notifier: 'slack', kind: 'slack', state: 'refused', end: 'needless' },
  why: 'Cannot send to slack: 404 from hooks.slack.com, which said: no_service.',
};

/** One that went well, days before the picture. */
export function goodDrills(picture: EpochMs): readonly Drill[] {
  const at = picture - 3 * 86_400_000;
  return [{ id: 'drill-3', at, by: 'schedule', endedAt: at + 4_000, channels: [pagerduty, slack] }];
}

/** And one after it that a channel failed. */
export function failedDrills(picture: EpochMs): readonly Drill[] {
  const at = picture - 3_600_000;
  return [
    { id: 'drill-4', at, by: '<b>aki</b>', endedAt: at + 4_000, channels: [pagerduty, refused] },
    ...goodDrills(picture),
  ];
}
