/** A hop that reports to us: an alerter, a job, whatever can post what it got to `POST /hooks/hop/<name>`. */
import { z } from 'zod';
import { defineProbe, type Observer, type ProbeContext, ProbeError } from '../src/probe.ts';

const Config = z.strictObject({});

async function open(_config: z.output<typeof Config>, { clock }: ProbeContext): Promise<Observer> {
  const since = clock.now();
  return {
    mode: 'push',
    // a sender that got no 2xx posts again
    finds: 'repeats',
    async observe(question, { signal }) {
      if (signal.aborted) {
        throw new ProbeError('The look at a webhook hop was given up: we were shutting down.', {
          reason: 'aborted',
          retryable: true,
          cause: signal.reason,
        });
      }
      return { coverage: 'complete', finds: [], asOf: question.asOf, since };
    },
    async close() {},
  };
}

export default defineProbe({
  kind: 'webhook',
  measures: 'Injection until the hop posts the canary to POST /hooks/hop/<name>.',
  observe: { config: Config, target: () => 'webhook', open },
  asksAgain: 'Not possible: what was posted to us is kept nowhere that could be asked.',
  runbook: {
    stopped: [
      'Does the sender of {hop} run? Its log shows whether its posts to {own}/hooks/hop/{hop} get a 2xx.',
      'Does its rule still match, and its query still find, the test lines (they begin with logcanary)?',
    ],
    misrouted: ['The rule whose posts go to {own}/hooks/hop/{hop}: which index does it search, and for whom?'],
    unproven: [
      {
        run: 'curl -X POST \'{own}/hooks/hop/{hop}\' -H "Authorization: Bearer $SECRET"',
        see: 'Point the sender there, with http.secret of our configuration, and let its rule match test lines.',
      },
    ],
    slow: ["Compare with the sender's own interval: an alerter that runs every 5 minutes cannot be faster."],
    lossy: [
      'Its log: posts to {own}/hooks/hop/{hop} that failed and were not repeated, alerts that were grouped or limited?',
    ],
  },
});
