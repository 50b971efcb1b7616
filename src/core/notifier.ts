import type { EpochMs } from '../lib/clock.ts';
import type { IncidentFacts } from './incident.ts';

/**
 * `trigger`: tell people (again never for the same incident). `update`: it changed; channels that cannot edit ignore it.
 * `resolve`: it is over. `renew`: it is as it was, said again to a channel that forgets (`NotifierSpec.renewEveryMs`); never stored.
 * `note`: somebody wrote a note, the last of `facts.notes`; only to channels that can show it without waking anybody (`NotifierSpec.takesNotes`).
 */
export type NotificationAction = 'trigger' | 'update' | 'resolve' | 'renew' | 'note';

export interface Notification {
  readonly action: NotificationAction;
  readonly facts: IncidentFacts;
  /** Base URL of our own page, when it is known from outside. */
  readonly pageUrl?: string | undefined;
  /** What this channel gave back for an earlier message of the same incident. */
  readonly receipt?: string | undefined;
}

/** Something that is no incident but explains one later: maintenance, a drill. */
export interface Announcement {
  readonly deployment: string;
  readonly at: EpochMs;
  /** One line. */
  readonly what: string;
  readonly details?: Readonly<Record<string, string>>;
}

/** Whether a message that was accepted can be seen where it was sent to. Texts are for people, hold no secret and are short. */
export type Arrival =
  /** It was seen there. */
  | { readonly state: 'arrived'; readonly how: string }
  /** It was looked for and is not there, or not yet; `final`: looking again cannot help. */
  | { readonly state: 'missing'; readonly why: string; readonly final?: true }
  /** The channel cannot be asked, or not without more options. */
  | { readonly state: 'unprovable'; readonly why: string };

/** A channel. One call is one try: retries, order and storage are the outbox's. */
export interface Notifier {
  readonly name: string;
  readonly kind: string;
  /**
   * Resolves only when the channel has accepted the message. What it gives back, if anything, stands for that message: it is kept
   * with the incident and handed in with its next notification.
   * @throws NotifyError `retryable` says whether the same message may be accepted later, `retryAfterMs` if the other side said when.
   */
  send(notification: Notification, options: { signal: AbortSignal }): Promise<string | undefined>;
  /**
   * Notes something in the channel's history without notifying anybody. Absent where it has no such thing.
   * @throws NotifyError as `send`
   */
  announce?(announcement: Announcement, options: { signal: AbortSignal }): Promise<void>;
  /**
   * Looks whether the beginning that `send` was accepted with has arrived; its receipt is handed in with it. Notifies nobody. Absent
   * where a channel can say no more than that it accepted.
   * @throws NotifyError as `send`: it could not be looked, which says nothing of the message
   */
  prove?(notification: Notification, options: { signal: AbortSignal }): Promise<Arrival>;
}
