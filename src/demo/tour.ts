/** What the demo says: the first canary at every hop, a break, the page, the healing, and the account at the end. */
import { styleText } from 'node:util';
import type { IncidentFacts } from '../core/incident.ts';
import type { HopView } from '../core/status.ts';
import { accounted } from '../core/verdict-name.ts';
import { createClock } from '../lib/clock.ts';
import { title } from '../notify/wording.ts';
import type { Demo } from './demo.ts';

export interface TellOptions {
  readonly out: { write(text: string): unknown };
  readonly colour: boolean;
  /** False: only the first part. */
  readonly tour: boolean;
  readonly signal: AbortSignal;
}

const lookEveryMs = 200;
/** Longest waits of the tour, ms: far above what a healthy machine needs. */
const patience = { flow: 90_000, page: 60_000, heal: 90_000 };
const healthyForMs = 5_000;

/** Resolves when the tour is over, or when the signal aborts. */
export async function tell(demo: Demo, options: TellOptions): Promise<void> {
  const teller = createTeller(demo, options);
  try {
    await teller.opening();
    if (options.tour) await teller.breaking();
    teller.next();
  } catch (error) {
    if (!options.signal.aborted) throw error;
  }
}

function createTeller({ app, sandbox, faultsUrl, received, pageTo }: Demo, { out, colour, signal }: TellOptions) {
  const clock = createClock();
  const began = clock.monotonicMs();
  const paint = (style: Parameters<typeof styleText>[0], text: string) => (colour ? styleText(style, text) : text);
  const say = (text: string) => {
    const seconds = Math.round((clock.monotonicMs() - began) / 1000);
    const stamp = `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
    out.write(`${paint('dim', stamp)}  ${text}\n`);
  };
  const hops = (): readonly HopView[] => app.status().pipelines[0]?.hops ?? [];
  const until = async (what: () => boolean, forMs: number): Promise<boolean> => {
    const end = clock.monotonicMs() + forMs;
    while (!what()) {
      if (clock.monotonicMs() > end) return false;
      await clock.sleep(lookEveryMs, signal);
    }
    return true;
  };
  const broken = (): IncidentFacts | undefined =>
    app.status().incidents.find((each) => each.kind === 'stopped' && each.hop === 'index');

  return {
    async opening(): Promise<void> {
      out.write(`page      ${app.url}/\n`);
      out.write(`metrics   ${app.url}/metrics\n`);
      out.write('emitter ─ agent ─ stream ─ index ─ alert     (archive after stream)\n');
      const seen = new Set<string>();
      const all = () => {
        for (const hop of hops()) {
          if (seen.has(hop.name) || hop.entered.delivered === 0) continue;
          seen.add(hop.name);
          const latency = hop.lastLatency ? `within ${(hop.lastLatency.hiMs / 1000).toFixed(1)} s` : 'seen further on';
          say(`${paint('green', '✓')} first canary at ${hop.name.padEnd(8)} ${latency}`);
        }
        return hops().length > 0 && seen.size === hops().length;
      };
      if (await until(all, patience.flow)) return;
      const silent = hops().filter((hop) => !seen.has(hop.name));
      say(
        `${paint('red', '✗')} nothing arrived yet at ${silent.map((hop) => `${hop.name} (${hop.lastLook?.why ?? hop.state})`).join(', ')}`,
      );
    },

    async breaking(): Promise<void> {
      await clock.sleep(healthyForMs, signal);
      say(`${paint('yellow', '!')} breaking it for you: consumer-stopped`);
      await sandbox.faults.set('consumer-stopped', true);
      const paged = () =>
        broken()?.state === 'open' &&
        (received === undefined || received.pages.some((page) => page.event_action === 'trigger'));
      const found = await until(paged, patience.page);
      const incident = broken();
      if (found && incident) {
        say(
          `${paint('red', '✗')} STOPPED between ${incident.between?.from} and ${incident.between?.to}; ${incident.between?.from} is fine`,
        );
        this.page(incident);
      } else say(`${paint('red', '✗')} no incident within ${patience.page / 1000} s; see ${app.url}/`);
      await sandbox.faults.set('consumer-stopped', false);
      say('healed: the consumer reads again, and catches up');
      const over = await until(() => broken()?.state !== 'open' && caughtUp(hops()), patience.heal);
      say(
        over
          ? `${paint('green', '✓')} resolved, caught up`
          : `${paint('red', '✗')} not resolved within ${patience.heal / 1000} s; see ${app.url}/`,
      );
      this.account();
    },

    page(incident: IncidentFacts): void {
      const event = received?.pages.findLast((page) => page.event_action === 'trigger');
      if (!event) {
        say(`paged once, to ${pageTo.host}: "${title(incident)}"`);
        return;
      }
      say('paged once; PagerDuty would get:');
      const { routing_key: _secret, ...shown } = event;
      for (const line of JSON.stringify(shown, null, 2).split('\n')) out.write(`         ${paint('dim', line)}\n`);
    },

    account(): void {
      for (const hop of hops()) {
        const sum = accounted.map((verdict) => `${hop.canaries[verdict]} ${verdict}`).join(' + ');
        say(`${hop.name}: ${hop.expected} expected = ${sum}`);
      }
      const lost = hops().reduce((total, hop) => total + hop.canaries.lost, 0);
      out.write(lost === 0 ? '       Nothing was lost: the stream kept it.\n' : `       ${lost} canaries were lost.\n`);
    },

    next(): void {
      out.write(`next   break it:  curl -X PUT ${faultsUrl}/agent-drops\n`);
      out.write(`       mend it:   curl -X DELETE ${faultsUrl}/agent-drops\n`);
      out.write('       yours:     npm run -s logcanary -- validate --config my.yaml\n');
      out.write('       stop:      Ctrl-C\n');
    },
  };
}

function caughtUp(hops: readonly HopView[]): boolean {
  return hops.every((hop) => hop.canaries.overdue === 0 && hop.state === 'flowing');
}
