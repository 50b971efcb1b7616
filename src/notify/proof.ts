/** Asks a channel's API what became of a message, and takes nothing for an answer that is not one. */
import type { z } from 'zod';
import { type Answer, type Post, type PostRequest, refusalOf } from './post.ts';

export interface Asking<T> {
  /** What an answer must look like. */
  readonly schema: z.ZodType<T>;
  /** What to change where the question is refused for good. */
  readonly advice: string;
  readonly signal: AbortSignal;
}

/**
 * The answer to a question, as JSON.
 * @throws NotifyError unless it is 200 with what the schema wants
 */
export async function ask<T>(post: Post, request: PostRequest, asking: Asking<T>): Promise<T> {
  return judged(post, request, asking, await post.send(request, { signal: asking.signal }));
}

/** The same, but undefined where there is no such thing (404). */
export async function askFor<T>(post: Post, request: PostRequest, asking: Asking<T>): Promise<T | undefined> {
  const answer = await post.send(request, { signal: asking.signal });
  return answer.status === 404 ? undefined : judged(post, request, asking, answer);
}

const later = 'Look at what stands in between; it says nothing of the message.';

function judged<T>(post: Post, request: PostRequest, { schema, advice }: Asking<T>, answer: Answer): T {
  const found = answer.status === 200 ? schema.safeParse(jsonOf(answer)) : undefined;
  if (found?.success) return found.data;
  const refusal = refusalOf(answer.status);
  throw post.refused(request, answer, { ...refusal, advice: refusal.retryable ? later : advice });
}

function jsonOf({ text, truncated }: Answer): unknown {
  try {
    return truncated ? undefined : JSON.parse(text);
  } catch {
    return undefined; // HTML, or cut off: no schema takes it
  }
}
