import { z } from 'zod';

/** Where a channel is POSTed to, exactly. http is allowed for relays and test receivers. */
export const address = z
  .url({ protocol: /^https?$/, error: 'write a whole address, beginning with https:// (or http://)' })
  .refine((url) => !hasUser(url), 'leave user and password out of the address: they would not be sent');

/** The normal form of a link to our own page, if it is one that a browser opens; undefined otherwise. At most 2,048 characters. */
export function webPage(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, href } = new URL(url);
  return /^https?:$/.test(protocol) && href.length <= 2048 ? href : undefined;
}

function hasUser(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}
