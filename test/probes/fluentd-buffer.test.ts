import { describe, expect, test } from 'vitest';
import probe from '../../probes/fluentd-buffer.ts';
import { describeCheck } from '../contract/probe.ts';
import { closeAgentBenches, openAgents } from '../fakes/agent-check.ts';
import { startAgentServer } from '../fakes/agent-server.ts';

const auth = { username: 'reader', password: 'not-a-real-password' };
const minute = 60_000;
const hour = 60 * minute;
/** What the leaping clock says. */
const now = 1_795_160_000_000;

function output(changes: object = {}): object {
  return {
    ...{ plugin_id: 'out_es', plugin_category: 'output', type: 'elasticsearch', output_plugin: true },
    ...{ buffer_queue_length: 0, buffer_total_queued_size: 2048, buffer_stage_length: 1, buffer_queue_byte_size: 0 },
    ...{ buffer_available_buffer_space_ratios: 90.5, buffer_newest_timekey: null, buffer_oldest_timekey: null },
    ...{
      retry_count: 0,
      emit_records: 7,
      write_count: 4,
      rollback_count: 0,
      slow_flush_count: 0,
      flush_time_count: 20,
    },
    ...changes,
  };
}

function monitor(...outputs: object[]): Record<string, object> {
  const input = { plugin_id: 'in_tail', plugin_category: 'input', type: 'tail', retry_count: null, emit_records: 7 };
  const relabel = {
    plugin_id: 'object:3f8',
    plugin_category: 'output',
    type: 'relabel',
    retry_count: 0,
    emit_records: 7,
  };
  return { '/api/plugins.json': { plugins: [input, relabel, ...outputs] } };
}

/** As fluent-plugin-prometheus writes it: gauges. */
function metrics(values: Record<string, number> = {}, id = 'out_es', type = 'elasticsearch'): Record<string, string> {
  const figures = {
    ...{ buffer_total_bytes: 2048, buffer_queue_length: 0, buffer_available_space_ratio: 90.5, retry_count: 0 },
    ...{ num_errors: 0, write_count: 4, retry_wait: 0, ...values },
  };
  const lines = Object.entries(figures).map(
    ([name, value]) => `fluentd_output_status_${name}{plugin_id="${id}",type="${type}"} ${value.toFixed(1)}`,
  );
  return {
    '/metrics': `# TYPE fluentd_output_status_buffer_total_bytes gauge\n${lines.join('\n')}\nfluentd_tail_file_position{path="/a"} 3\n`,
  };
}

describeCheck('fluentd-buffer', {
  probe,
  secrets: [auth.password],
  hostile: (url) => ({ url, auth }),
  async bench() {
    const agent = await startAgentServer(monitor(output()));
    return { config: { url: agent.url, auth }, stop: agent.stop };
  },
});

closeAgentBenches();

describe('fluentd-buffer: how full it is', () => {
  const pagesOf = { monitor_agent: monitor(output()), 'the prometheus plugin': metrics() };
  for (const [page, pages] of Object.entries(pagesOf)) {
    test(`given ${page}, when checked, then the share is read from the percent that are free`, async () => {
      const { agent, check } = await openAgents(probe, [pages]);
      const { readings } = await check();
      expect(readings).toMatchObject([
        { measure: 'buffer', subject: `${agent.name} output out_es`, unit: 'ratio', limit: 1 },
      ]);
      expect(readings[0]?.value).toBeCloseTo(0.095, 6);
    });
  }
  test('given its configuration, when asked, then it is asked not to send it, and to send its retries', async () => {
    const { agent, check } = await openAgents(probe, [monitor(output())]);
    await check();
    expect(agent.asked).toEqual(['/api/plugins.json?with_config=false&with_retry=true']);
  });
  test('given the prometheus plugin only, when checked again, then monitor_agent is not asked for again', async () => {
    const { agent, check } = await openAgents(probe, [metrics()]);
    await check();
    await check();
    expect(agent.asked.map((path) => path.split('?')[0])).toEqual(['/api/plugins.json', '/metrics', '/metrics']);
  });
  test('given a full buffer, when it tells less than nothing free, then it is full and no more', async () => {
    const { check } = await openAgents(probe, [monitor(output({ buffer_available_buffer_space_ratios: -3.2 }))]);
    expect((await check()).readings).toMatchObject([{ value: 1 }]);
  });
  test('given an aggregator with chunks cut by time, when checked, then the age of the oldest is read', async () => {
    const { check } = await openAgents(probe, [monitor(output({ buffer_oldest_timekey: (now - 10 * hour) / 1000 }))]);
    expect((await check()).readings).toMatchObject([
      { measure: 'buffer' },
      { measure: 'oldest', unit: 'seconds', value: 36_000, limit: 72 * 3600 },
    ]);
  });
  test('given no output with a buffer, when checked, then there is no figure and nothing wrong', async () => {
    const { check } = await openAgents(probe, [monitor()]);
    expect(await check()).toEqual({ readings: [], drops: [], problems: [] });
  });
});

describe('fluentd-buffer: outputs that fail', () => {
  test('given retries, when checked, then it says how long until the queue is thrown away', async () => {
    const retry = { start: new Date(now - 2 * hour).toISOString(), steps: 12, next_time: 'soon' };
    const { agent, check } = await openAgents(probe, [monitor(output({ retry, retry_count: 12 }))]);
    const { readings, problems, drops } = await check();
    expect(readings.at(-1)).toMatchObject({ measure: 'retrying', value: 7200, limit: 72 * 3600, warnAt: 3600 });
    expect(problems).toEqual([
      expect.stringContaining(`fluentd on ${agent.name}: output out_es fails and tries again`),
    ]);
    expect(drops).toMatchObject([{ measure: 'failed writes (given up, or tried again)', total: 12, counts: 'other' }]);
  });
  test('given the start of retries as Ruby writes times, when checked, then it is read', async () => {
    const ruby = new Date(now - hour)
      .toISOString()
      .replace('T', ' ')
      .replace(/\.\d+Z/, ' +0000');
    const { check } = await openAgents(probe, [monitor(output({ retry: { start: ruby, steps: 1 } }))]);
    expect((await check()).readings.at(-1)).toMatchObject({ measure: 'retrying', value: 3600 });
  });
  test('given the kinesis output, which gives records up without a retry, when checked, then its errors tell', async () => {
    const { check } = await openAgents(probe, [metrics({ num_errors: 3 }, 'out_kinesis', 'kinesis_streams')]);
    expect((await check()).drops).toMatchObject([{ subject: 'output out_kinesis', total: 3 }]);
  });
  test('given the prometheus plugin and a wait of 16 s, when checked, then that is the fifth step', async () => {
    const { agent, check } = await openAgents(probe, [metrics({ retry_wait: 16 })]);
    expect((await check()).problems).toHaveLength(1);
    agent.pages = metrics({ retry_wait: 2 });
    expect((await check()).problems).toEqual([]);
  });
  test('given chunks that are queued and no try to write, when five minutes pass, then that is a problem', async () => {
    const { checkFor } = await openAgents(probe, [monitor(output({ buffer_queue_length: 3 }))]);
    expect((await checkFor(5 * minute)).problems).toEqual([expect.stringContaining('nothing has left output out_es')]);
  });
  test('given chunks that are staged until their hour is over, when they wait, then nothing is wrong', async () => {
    const { checkFor } = await openAgents(probe, [monitor(output({ buffer_stage_length: 9 }))]);
    expect((await checkFor(30 * minute)).problems).toEqual([]);
  });
});

test('given outputs without @id, when Fluentd restarts, then they keep their names', async () => {
  const unnamed = (...ids: string[]) =>
    monitor(...ids.map((id) => output({ plugin_id: `object:${id}`, type: 'forward' })));
  const { agent, check } = await openAgents(probe, [unnamed('1a', '2b')]);
  const names = async () => (await check()).drops?.map(({ subject }) => subject);
  expect(await names()).toEqual(['output forward.0', 'output forward.1']);
  agent.pages = unnamed('9f', '8e');
  expect(await names()).toEqual(['output forward.0', 'output forward.1']);
});

test('given metrics of another program, when checked, then it rejects as bad_answer', async () => {
  const { check } = await openAgents(probe, [{ '/metrics': 'go_goroutines 7\n' }]);
  await expect(check()).rejects.toMatchObject({ code: 'PROBE', reason: 'bad_answer' });
});
