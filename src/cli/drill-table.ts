/** How a drill is shown on a terminal: what happens while it goes on, and the table at its end. */
import type { DrillJson } from '../http/drill-json.ts';

type Channel = DrillJson['channels'][number];

/** Lines on what happened between two pictures of one drill, or since it began. */
export function newsOf(before: DrillJson | undefined, now: DrillJson): string {
  const lines = now.channels.flatMap((channel) => {
    const earlier = before?.channels.find(({ notifier }) => notifier === channel.notifier);
    return channelNews(earlier, channel).map((news) => `${channel.notifier}: ${news}\n`);
  });
  return lines.join('');
}

function channelNews(
  before: Channel | undefined,
  { state, accepted_ms, proven_ms, why, end, end_why }: Channel,
): string[] {
  const news: string[] = [];
  if (accepted_ms !== null && (before?.accepted_ms ?? null) === null)
    news.push(`accepted after ${secondsText(accepted_ms)}`);
  if (state !== (before?.state ?? 'sending') && state !== 'proving')
    news.push(
      state === 'proven' ? `proven after ${secondsText(proven_ms)}: ${why}` : `${stateWords[state]}: ${why ?? ''}`,
    );
  if (end !== (before?.end ?? 'open') && end !== 'needless')
    news.push(end === 'told' ? 'resolved' : `NOT RESOLVED: ${end_why}`);
  return news;
}

const stateWords: Readonly<Record<Channel['state'], string>> = {
  sending: 'not accepted yet',
  proving: 'not proven yet',
  proven: 'proven',
  accepted: 'cannot be proven',
  blind: 'could not look',
  missing: 'NOT THERE',
  refused: 'NOT ACCEPTED',
  stopped: 'stopped',
};

/** One line for a channel, then the sum. */
export function tableOf(drill: DrillJson): string {
  const rows = [['CHANNEL', 'KIND', 'ACCEPTED', 'PROVEN', 'RESOLVED', ''], ...drill.channels.map(rowOf)];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, `${drill.id} by ${drill.by}: ${drill.summary}`].map((line) => `${line}\n`).join('');
}

function rowOf(channel: Channel): string[] {
  const { notifier, kind, state, accepted_ms, proven_ms, why, end, end_why } = channel;
  const accepted = accepted_ms === null ? 'NO' : secondsText(accepted_ms);
  const proven = state === 'proven' ? secondsText(proven_ms) : accepted_ms === null ? '–' : stateWords[state];
  const ended = { told: 'yes', refused: 'NO', open: 'NO', needless: '–' }[end];
  return [notifier, kind, accepted, proven, ended, [why, end_why].filter((text) => text !== null).join(' ')];
}

function secondsText(ms: number | null): string {
  return `${((ms ?? 0) / 1000).toFixed(1)} s`;
}
