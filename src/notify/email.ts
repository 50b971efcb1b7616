import { createHash } from 'node:crypto';
import type { MailComposerOptions } from 'nodemailer/lib/mail-composer';
import { z } from 'zod';
import type { Notification } from '../core/notifier.ts';
import type { NotifierDefinition } from './definition.ts';
import { linksOf } from './links.ts';
import { cut } from './plain-text.ts';
import { openSmtp } from './smtp.ts';
import { type Voice, voiceOf } from './voice.ts';
import { plainText, title } from './wording.ts';

/** Code points of a subject; what mail programs show is far less. */
const subjectLimit = 200;
/** Of a body, code points. */
const textLimit = 20_000;

const defaultPorts = { starttls: 587, implicit: 465, none: 25 } as const;

const mailbox = z.email('write a mail address').max(254);

const Config = z
  .strictObject({
    host: z.string('write the SMTP server').regex(/^[A-Za-z0-9._:-]+$/, 'write the name or address of the SMTP server'),
    port: z.int('write a port').min(1).max(65_535).optional(),
    tls: z.enum(['starttls', 'implicit', 'none']).default('starttls'),
    user: z.string('write the user').min(1, 'write the user').optional(),
    password: z.string('write the password').min(1, 'write the password').optional(),
    from: mailbox,
    to: z.array(mailbox).min(1, 'write at least one address').max(50),
  })
  .refine(
    ({ user, password }) => (user === undefined) === (password === undefined),
    'write both user and password, or neither',
  )
  .refine(
    ({ password, tls, host }) => password === undefined || tls !== 'none' || isOwnHost(host),
    'a password would be readable on its way. Use tls: starttls or implicit',
  );
type Config = z.infer<typeof Config>;

/**
 * Mail, one thread per incident. Accepted means that a server took it for at least one recipient: nobody knows when it is read,
 * so it should never be the only channel.
 */
const email: NotifierDefinition<Config> = {
  kind: 'email',
  config: Config,
  defaultMinSeverity: 'critical',
  open(config, context) {
    const { name, log } = context;
    const { from, to, tls, port = defaultPorts[tls] } = config;
    const smtp = openSmtp({ ...config, port }, context);
    const composer = import('nodemailer/lib/mail-composer');
    composer.catch(() => undefined); // reported by the first send, which awaits the same promise
    const voice = voiceOf(context);
    return {
      name,
      kind: 'email',
      async send(notification, { signal }) {
        const { default: Composer } = await composer;
        const message = await new Composer(messageOf(notification, config, voice)).compile().build();
        const refused = await smtp.send({ from, to }, message, { signal });
        if (refused.length > 0) {
          log.warn({ notifier: name }, `${refused.length} of ${to.length} recipients were refused: check to.`);
        }
        return undefined;
      },
      prove: async () => ({
        state: 'unprovable',
        why: 'a mail server took it; nobody says whether it is delivered, or read',
      }),
    };
  },
};
export default email;

function messageOf(notification: Notification, { from, to }: Config, voice: Voice): MailComposerOptions {
  const { action, facts, pageUrl } = notification;
  const head = action === 'update' ? voice.words.update(title(facts, voice), facts.severity) : title(facts, voice);
  const links = linksOf(facts, voice, pageUrl).map(({ label, href }) => `${label}: ${href}`);
  const text = [head, plainText(facts, voice), links.join('\n')].filter((part) => part !== '').join('\n\n');
  return {
    from: { name: 'logcanary', address: from },
    to: [...to],
    // What became critical says so itself.
    subject: cut(
      facts.state === 'open' && !(action === 'update' && facts.severity === 'critical')
        ? `[${voice.words.severity[facts.severity]}] ${head}`
        : head,
      subjectLimit,
    ),
    text: cut(text, textLimit),
    ...threadOf(notification, from),
    // RFC 3834: keeps holiday notices from answering
    headers: { 'Auto-Submitted': 'auto-generated', ...(facts.severity === 'critical' && { Importance: 'high' }) },
    xMailer: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** The same over retries of one notification; what follows it answers the incident's first message. */
function threadOf({ action, facts }: Notification, from: string): MailComposerOptions {
  const { dedupKey, id, openedAt, severity } = facts;
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const hash = (parts: readonly unknown[]) =>
    createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
  const first = `<${hash([dedupKey, id, openedAt])}@${domain}>`;
  if (action === 'trigger') return { messageId: first };
  const messageId = `<${hash([dedupKey, id, openedAt, action, severity])}@${domain}>`;
  return { messageId, inReplyTo: first, references: first };
}

function isOwnHost(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host);
}
