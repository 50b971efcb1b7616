import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { createClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { startAlerter } from '../../src/sandbox/alerter.ts';
import { utcStamp } from '../../src/sandbox/utc.ts';

const clock = createClock();
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An HTTP server on loopback that answers what `answer` makes of a body. */
async function serve(answer: (body: string) => Promise<object>): Promise<string> {
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    response.end(JSON.stringify(await answer(Buffer.concat(chunks).toString('utf8'))));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function hit(name: string) {
  const at = utcStamp(clock.now());
  return { _id: name, _source: { message: name, '@timestamp': at, event: { ingested: at } } };
}

test('given alerts that come up while a post is under way, when that is answered, then they are posted too', async () => {
  const found = [hit('first')];
  let newest = 0;
  const indexUrl = await serve(async () => {
    // the answer before this one has been taken in by now
    newest += found.length > 1 ? 1 : 0;
    return { hits: { hits: found }, _shards: { failed: 0 } };
  });
  const posted: string[] = [];
  const hookUrl = await serve(async (body) => {
    posted.push(JSON.parse(body).matches[0].message);
    if (posted.length === 1) {
      found.push(hit('second'), hit('third'));
      await vi.waitFor(() => expect(newest).toBeGreaterThan(1), { timeout: 4_500, interval: 50 });
    }
    return {};
  });
  const options = { indexUrl, hookUrl, secret: 's', faults: { stopped: false }, clock, log: silentLog };
  const alerter = startAlerter(options);
  cleanups.push(() => alerter.stop());
  const all = () => expect([...posted].sort()).toEqual(['first', 'second', 'third']);
  await vi.waitFor(all, { timeout: 10_000, interval: 50 });
});
