/** The alerter behind the index: it posts every canary that it finds to us, again and again until it is taken. */
import type { Watchdog } from './watchdog.ts';
import type { Post } from './world.ts';

const postRetryMs = 20_000;
const never = Number.POSITIVE_INFINITY;

export class Alerter {
  private readonly host: Watchdog;
  /** Posts that were taken but are not committed yet. */
  private readonly taken: Post[] = [];

  constructor(host: Watchdog) {
    this.host = host;
  }

  post(post: Post, at: number): void {
    const { host } = this;
    host.queue.push(at, () => {
      const { state } = host;
      if (!state || host.ledgerStuck || host.suspension.reigns) {
        this.post(post, host.now + postRetryMs);
        return;
      }
      this.hear(post, host.now);
      this.taken.push(post);
      host.dispatch({ type: 'hooked', hop: 'alert', finds: [post.find] });
      const hop = state.pipelines[0]?.hops.find((each) => each.spec.name === 'alert');
      if (hop && host.state) host.auditor.latency(hop);
    });
  }

  committed(): void {
    this.taken.length = 0;
  }

  /** A crash came before the commit: nobody was told 2xx, so they come again. */
  forgotten(): void {
    for (const post of this.taken.splice(0)) {
      this.hear(post, never);
      this.post(post, this.host.now + postRetryMs);
    }
  }

  private hear(post: Post, at: number): void {
    const truth = this.host.world.truthOf(post.stream, post.seq);
    if (truth) truth.visible[3] = at === never ? never : Math.min(at, truth.visible[3] ?? never);
  }
}
