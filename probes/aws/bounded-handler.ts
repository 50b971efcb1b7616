/** The AWS SDK reads whole answers into memory, however long they are. This puts a bound on them. */
import { pipeline, type Readable, Transform } from 'node:stream';
import type { NodeHttpHandler } from '@smithy/node-http-handler';

/** An answer went on past its bound; its connection was closed. */
export class AnswerTooLarge extends Error {
  /** HTTP status of the answer. */
  readonly status: number;

  constructor(maxBytes: number, status: number) {
    super(`an answer (HTTP ${status}) of more than ${maxBytes} bytes`);
    this.name = 'AnswerTooLarge';
    this.status = status;
  }
}

/** The same handler, whose answers' bodies fail with `AnswerTooLarge` beyond `maxBytes`. */
export function boundedHandler(inner: NodeHttpHandler, maxBytes: number) {
  const handle: NodeHttpHandler['handle'] = async (request, options) => {
    const { response } = await inner.handle(request, options);
    response.body = bounded(response.body, maxBytes, response.statusCode);
    return { response };
  };
  return { handle, metadata: inner.metadata, destroy: () => inner.destroy() };
}

/** A pipeline, because the SDK waits for ever on a body that closes without an error. */
function bounded(body: Readable, maxBytes: number, status: number): Readable {
  let bytes = 0;
  const bound = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) done(new AnswerTooLarge(maxBytes, status));
      else done(null, chunk);
    },
  });
  // whoever reads the bounded body gets the error; the callback only keeps it from being thrown a second time
  pipeline(body, bound, () => {});
  return bound;
}
