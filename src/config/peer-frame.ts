/** Other logcanaries that watch the same pipelines: how they are written and named. */
import { z } from 'zod';
import type { PeerSpec } from '../core/pipeline.ts';
import { httpUrl, name, text, variable } from './field.ts';

export const peerExample = 'http://canary-b:9780';

const peer = z.strictObject({
  url: httpUrl({
    description: 'Where it serves its page, as seen from here. Its GET /api/v1/peer is read.',
    example: peerExample,
  }),
  name: name({ description: "Unique. Default: the host's name.", example: 'canary-b' }).optional(),
  secret: text({
    description: 'Its http.secret, which its answers are signed with; it is not sent. Default: our own http.secret.',
    example: variable('HTTP_SECRET'),
    min: 16,
  }).optional(),
});

export const peers = z.array(peer).max(9).meta({
  description: 'Other logcanaries on the same pipelines: each incident is told once, and ends when all agree.',
});

type Written = z.output<typeof peer>;

/** With their names: those given, else their hosts, as far as a name can say them. */
export function buildPeers(written: readonly Written[], ownSecret: string | undefined): PeerSpec[] {
  const used = new Set(written.flatMap((each) => each.name ?? []));
  return written.map(({ url, name: given, secret = ownSecret }) => {
    const host = nameOfHost(url);
    let found = given ?? host;
    for (let count = 2; given === undefined && used.has(found); count++) found = `${host}-${count}`;
    used.add(found);
    return { name: found, url, ...(secret === undefined ? {} : { secret }) };
  });
}

export function nameOfHost(url: string): string {
  const plain = new URL(url).hostname.replaceAll(/[^A-Za-z0-9._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return plain.slice(0, 60) || 'peer';
}
