import type { IncidentFacts } from './incident.ts';

/**
 * `trigger`: tell people (again never for the same incident). `update`: it changed; channels that cannot edit ignore it.
 * `resolve`: it is over.
 */
export type NotificationAction = 'trigger' | 'update' | 'resolve';

export interface Notification {
  readonly action: NotificationAction;
  readonly facts: IncidentFacts;
  /** Base URL of our own page, when it is known from outside. */
  readonly pageUrl?: string;
}

/** A channel. One call is one try: retries, order and storage are the outbox's. */
export interface Notifier {
  readonly name: string;
  readonly kind: string;
  /**
   * Resolves only when the channel has accepted the message.
   * @throws NotifyError `retryable` says whether the same message may be accepted later, `retryAfterMs` if the other side said when.
   */
  send(notification: Notification, options: { signal: AbortSignal }): Promise<void>;
}
