import { afterEach, describe, expect, test } from 'vitest';
import probe from '../../probes/elastalert-rules.ts';
import { silentLog } from '../../src/lib/log.ts';
import { forever, roleOf } from '../contract/bench.ts';
import { describeCheck } from '../contract/probe.ts';
import { expectProbeError } from '../contract/probe-error.ts';
import { indexWith, startWriteback, type Written } from '../fakes/elastalert-writeback.ts';
import { leapingClock } from '../fakes/elastic-bench.ts';

const auth = { api_key: 'ZHVtbXktaWQ6ZHVtbXkta2V5' };
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function open(written: Written, options: object = {}) {
  const { url, asked, stop } = await startWriteback(written);
  const role = roleOf(probe.check);
  const check = await role.open(role.config.parse({ url, ...options }), { clock: leapingClock(), log: silentLog });
  cleanups.push(stop, () => check.close());
  return { asked, check: () => check.check(forever) };
}
const problemsOf = async (written: Written, options: object = {}) =>
  (await (await open(written, options)).check()).problems;

describeCheck('elastalert-rules', {
  probe,
  secrets: [auth.api_key],
  hostile: (url) => ({ url, auth }),
  async bench() {
    const { url, stop } = await startWriteback({ runs: [{ rule: 'a', age: 10 }] });
    return { config: { url, auth }, stop };
  },
});

describe('elastalert-rules: rules that run', () => {
  const fine = {
    runs: [
      { rule: 'a', age: 30 },
      { rule: 'b', age: 50 },
    ],
  };

  test('given rules that run, when checked, then the newest run of any is the reading and nothing is wrong', async () => {
    const { asked, check } = await open(fine);
    const { readings, problems, why } = await check();
    expect([problems, why]).toEqual([[], undefined]);
    expect(readings).toMatchObject([{ measure: 'run-age', unit: 'seconds', value: 30, warnAt: 300, limit: 1800 }]);
    expect(asked.filter(({ path }) => path.startsWith('/elastalert*/_search'))).toHaveLength(2);
  });
  test('given indices that were made by writing to them, when checked, then the keyword below is asked for', async () => {
    const { asked, check } = await open({ ...fine, index: indexWith('text') });
    await check();
    const searches = asked.filter(({ path }) => path.includes('_search'));
    expect(JSON.stringify(searches[0]?.body)).toContain('"field":"rule_name.keyword"');
  });
  test('given rules that run every hour, when the newest ran two hours ago, then that is in time', async () => {
    const hourly = { every: 3600, runs: 24 };
    const runs = [
      { rule: 'a', age: 7000, ...hourly },
      { rule: 'b', age: 100, ...hourly },
    ];
    const { check } = await open({ runs });
    const { readings, problems } = await check();
    expect(problems).toEqual([]);
    expect(readings).toMatchObject([{ value: 100, warnAt: 3 * 3600, limit: 10 * 3600 }]);
  });
  test('given an error after which the rule ran, when checked, then that is over', async () => {
    expect(await problemsOf({ ...fine, errors: [{ age: 300, rule: 'a', message: 'Error running query: X' }] })).toEqual(
      [],
    );
  });
});

describe('elastalert-rules: rules that do not', () => {
  test('given a rule that stopped while others run, when checked, then it is named', async () => {
    const runs = [
      { rule: 'a', age: 30 },
      { rule: 'b', age: 600 },
      { rule: 'c', age: 900 },
    ];
    expect(await problemsOf({ runs })).toEqual([
      'elastalert rules not running any more while others do (disabled, removed, or stuck): b, c',
    ]);
  });
  test('given that no rule runs, when checked, then it is ElastAlert: the reading is past its limit and no rule is blamed', async () => {
    const { check } = await open({
      runs: [
        { rule: 'a', age: 3600 },
        { rule: 'b', age: 3601 },
      ],
    });
    const { readings, problems } = await check();
    expect(problems).toEqual([]);
    expect(readings).toMatchObject([{ value: 3600, limit: 1800 }]);
  });
  test('given an uncaught exception after its last run, when checked, then the rule was disabled, and by what', async () => {
    const errors = [{ age: 100, message: "Uncaught exception running rule b: KeyError: 'x'" }];
    expect(
      await problemsOf({
        runs: [
          { rule: 'a', age: 30 },
          { rule: 'b', age: 130 },
        ],
        errors,
      }),
    ).toEqual(['elastalert rules disabled by ElastAlert (Uncaught exception running rule: KeyError): b']);
  });
  test('given queries that fail since its last run, when checked, then it does not get through a run', async () => {
    const message = "Error running query: RequestError(400, 'parsing_exception', 'secret')";
    const errors = [20, 80].map((age) => ({ age, rule: 'b', message }));
    expect(
      await problemsOf({
        runs: [
          { rule: 'a', age: 30 },
          { rule: 'b', age: 130 },
        ],
        errors,
      }),
    ).toEqual([
      'elastalert rules not getting through a run any more (Error running query: RequestError, parsing_exception): b',
    ]);
  });
  test('given queries that failed half an hour ago and no run since, when others run, then it is off now', async () => {
    const errors = [1800, 1860].map((age) => ({ age, rule: 'b', message: 'Error running query: X' }));
    const runs = [
      { rule: 'a', age: 30 },
      { rule: 'b', age: 2000 },
    ];
    expect(await problemsOf({ runs, errors })).toEqual([
      'elastalert rules not running any more while others do (disabled, removed, or stuck): b',
    ]);
  });
  test('given one query that failed just now, when checked, then the next run is waited for', async () => {
    const errors = [{ age: 20, rule: 'a', message: 'Error running query: X' }];
    expect(await problemsOf({ runs: [{ rule: 'a', age: 70 }], errors })).toEqual([]);
  });
  test('given a rule that never got through a run, when checked, then it is named by its errors', async () => {
    const errors = [
      { age: 20, rule: 'new', message: "Error running query: NotFoundError(404, 'index_not_found_exception')" },
    ];
    expect(await problemsOf({ runs: [{ rule: 'a', age: 30 }], errors })).toEqual([
      'elastalert rules not getting through a run any more (Error running query: NotFoundError, index_not_found_exception): new',
    ]);
  });
  test('given alerts that are refused at every run, when checked, then the rule runs with errors', async () => {
    const message =
      'Error while running alert http_post: 401 Client Error: Unauthorized for url: http://x/?secret=hunter2';
    const errors = [40, 100, 160].map((age) => ({ age, rule: 'a', message }));
    expect(await problemsOf({ runs: [{ rule: 'a', age: 30 }], errors, unsent: 12 })).toEqual([
      'elastalert rules running with errors (Error while running alert: 401 Client Error): a',
      'elastalert: 12 alerts could not be sent for more than 5 min',
    ]);
  });
  test('given alerts that were refused until half an hour ago, when checked, then that is over', async () => {
    const errors = [1800, 1860, 1920].map((age) => ({
      age,
      rule: 'a',
      message: 'Error while running alert http_post: X',
    }));
    expect(await problemsOf({ runs: [{ rule: 'a', age: 30 }], errors })).toEqual([]);
  });
  test('given a rule of which only the silence cannot be looked up, when it runs, then it is told under its own name', async () => {
    const message = "Error while querying for alert silence status: RequestError(400, 'x')";
    const errors = [5, 65, 125].map((age) => ({ age, rule: 'a._silence', message }));
    expect(await problemsOf({ runs: [{ rule: 'a', age: 30 }], errors })).toEqual([
      'elastalert rules running with errors (Error while querying for alert silence status: RequestError): a',
    ]);
  });
  test('given a run that takes longer than the time between two, when checked, then it falls behind', async () => {
    expect(await problemsOf({ runs: [{ rule: 'a', age: 30, took: 61 }] })).toEqual([
      'elastalert rules slower than the time between two runs, so falling behind: a',
    ]);
  });
  test('given a file that could not be loaded, when checked, then it is named without its path', async () => {
    const errors = [{ age: 60, message: 'Could not load rule /etc/elastalert/rules/broken.yaml: Invalid' }];
    expect(await problemsOf({ runs: [{ rule: 'a', age: 30 }], errors })).toEqual([
      'elastalert: could not load broken.yaml',
    ]);
  });
});

describe('elastalert-rules: rules that must', () => {
  test('given rules by name, when one never ran, then it is named, and others are not judged', async () => {
    const runs = [
      { rule: 'a', age: 30 },
      { rule: 'removed', age: 6000 },
    ];
    expect(await problemsOf({ runs }, { rules: ['a', 'missing'] })).toEqual([
      'elastalert rules not run lately (disabled, removed, or never loaded): missing',
    ]);
  });
  const canary = { canary_rules: ['logcanary'] };
  test('given a canary rule that finds something, when checked, then nothing is wrong', async () => {
    expect(await problemsOf({ runs: [{ rule: 'logcanary', age: 30, hits: 1 }] }, canary)).toEqual([]);
  });
  test('given a canary rule that finds nothing in several runs, when checked, then its index or filter is wrong', async () => {
    expect(await problemsOf({ runs: [{ rule: 'logcanary', age: 30, hits: 0 }] }, canary)).toEqual([
      'elastalert rules running without finding a canary (see index and filter): logcanary',
    ]);
    expect(await problemsOf({ runs: [{ rule: 'logcanary', age: 30, hits: 0, recent: 1 }] }, canary)).toEqual([]);
  });
  test('given a canary rule that somebody silenced, when checked, then that is told; of other rules it is not', async () => {
    const runs = [
      { rule: 'logcanary', age: 30 },
      { rule: 'other', age: 30 },
    ];
    expect(await problemsOf({ runs, silences: { 'logcanary._silence': 600, 'other._silence': 600 } }, canary)).toEqual([
      'elastalert rules silenced, so that no canary comes back: logcanary',
    ]);
  });
});

describe('elastalert-rules: what cannot be told', () => {
  const cases: [string, Written, string][] = [
    ['failed shards', { shards: { total: 5, failed: 1 } }, 'partial'],
    ['no shards', { shards: { total: 0, failed: 0 } }, 'not_found'],
    ['more rules than were asked for', { others: 7 }, 'partial'],
    ['no index', { index: {} }, 'not_found'],
  ];
  for (const [given, written, reason] of cases) {
    test(`given ${given}, when checked, then it rejects as ${reason}`, async () => {
      const { check } = await open({ runs: [{ rule: 'a', age: 30 }], ...written });
      await expect(check()).rejects.toMatchObject({ code: 'PROBE', reason });
    });
  }
  test('given no run within the window and no rule by name, when checked, then there is a reason and no problem', async () => {
    const { check } = await open({});
    const { readings, problems, why } = await check();
    expect([readings, problems]).toEqual([[], []]);
    expectProbeError(why, ['partial']);
  });
});
