/** The pages of a Fluent Bit 5.1 with one tail and one output, as the real one wrote them. */

interface State {
  readonly records?: number;
  readonly proc?: number;
  readonly dropped?: number;
  readonly retriesFailed?: number;
  readonly paused?: number;
  readonly memory?: number;
  readonly overlimit?: boolean;
  readonly chunks?: number;
  readonly start?: number;
  readonly reloads?: number;
  readonly capacity?: number;
  readonly skipped?: number;
}

export function newMetrics(state: State): string {
  const { records = 13, proc = 13, dropped = 0, retriesFailed = 0, paused = 0, memory = 0, chunks = 0 } = state;
  const { start = 1_795_162_265, reloads = 0, capacity = 100, skipped = 0 } = state;
  return `# HELP fluentbit_uptime Number of seconds that Fluent Bit has been running.
# TYPE fluentbit_uptime counter
fluentbit_uptime{hostname="vm"} 36
# HELP fluentbit_hot_reloaded_times Collect the count of hot reloaded times.
# TYPE fluentbit_hot_reloaded_times counter
fluentbit_hot_reloaded_times{hostname="vm"} ${reloads}
fluentbit_input_records_total{name="tail_pods"} ${records}
fluentbit_input_records_total{name="storage_backlog.1"} 0
fluentbit_input_long_line_skipped_total{name="tail_pods"} ${skipped}
fluentbit_output_proc_records_total{name="es_out"} ${proc}
fluentbit_output_dropped_records_total{name="es_out"} ${dropped}
fluentbit_output_retries_failed_total{name="es_out"} ${retriesFailed}
fluentbit_process_start_time_seconds{hostname="vm"} ${start}
fluentbit_storage_chunks ${chunks}
fluentbit_input_ingestion_paused{name="tail_pods"} ${paused}
fluentbit_input_ingestion_paused{name="storage_backlog.1"} 0
fluentbit_input_storage_memory_bytes{name="tail_pods"} ${memory}
fluentbit_output_chunk_available_capacity_percent{name="es_out"} ${capacity}
fluentbit_output_latency_seconds_bucket{le="+Inf",input="tail_pods",output="es_out"} 1
`;
}

/** As 1.9 wrote it: with times, without what only v2 has. */
export function oldMetrics({ records = 13, proc = 13, dropped = 0, start = 1_795_162_265 }: State): string {
  return `# HELP fluentbit_input_records_total Number of input records.
# TYPE fluentbit_input_records_total counter
fluentbit_input_records_total{name="tail_pods"} ${records} 1795162301263
fluentbit_output_dropped_records_total{name="es_out"} ${dropped} 1795162301263
fluentbit_output_proc_records_total{name="es_out"} ${proc} 1795162301263
# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.
process_start_time_seconds ${start}
`;
}

export function storagePage({ overlimit = false, memory = 0, chunks = 0 }: State, limit = '4.8M'): object {
  const size = memory === 0 ? '0b' : `${(memory / 1024 ** 2).toFixed(1)}M`;
  const status = { overlimit, mem_size: size, mem_limit: limit };
  const backlog = { overlimit: false, mem_size: '0b', mem_limit: '0b' };
  const none = { total: 0, up: 0, down: 0, busy: 0, busy_size: '0b' };
  return {
    storage_layer: {
      chunks: { total_chunks: chunks, mem_chunks: chunks, fs_chunks: 0, fs_chunks_up: 0, fs_chunks_down: 0 },
    },
    input_chunks: {
      tail_pods: { status, chunks: { ...none, total: chunks } },
      'storage_backlog.1': { status: backlog, chunks: none },
    },
  };
}

export function fluentBitPages(state: State): Record<string, string | object> {
  return { '/api/v2/metrics/prometheus': newMetrics(state), '/api/v1/storage': storagePage(state) };
}

export function oldFluentBitPages(state: State): Record<string, string | object> {
  return { '/api/v1/metrics/prometheus': oldMetrics(state), '/api/v1/storage': storagePage(state) };
}
