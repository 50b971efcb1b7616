import type { Command } from 'commander';
import type { Drill } from '../core/drill.ts';
import type { Config, DrillPlan } from '../core/pipeline.ts';
import type { DrillJson } from '../http/drill-json.ts';
import { type Clock, createClock } from '../lib/clock.ts';
import { addCommand, type CliIo, CommandExit, type ExitCode } from './command.ts';
import { type Asked, type DrillCall, drillByRunning } from './drill-by-running.ts';
import { newsOf, tableOf } from './drill-table.ts';
import { loadNamed, shippedKinds } from './kinds.ts';

interface Options {
  readonly config: string;
  readonly notifier: readonly string[];
  readonly timeout?: string;
  readonly hold?: string;
  readonly by?: string;
  readonly direct?: boolean;
  readonly json?: boolean;
}

/** `drill`: a marked test incident through every channel, with proof of its arrival where that can be had. */
export function register(program: Command, io: CliIo, kinds = shippedKinds, clock: Clock = createClock()): void {
  addCommand(program, {
    usage: 'drill',
    summary:
      'Send a marked test incident through every channel, wait for the proof that it arrived, and resolve it. Exit 0 all carried it, 1 one did not, 3 could not look.',
    examples: [
      'drill --config logcanary.yaml',
      'drill --config logcanary.yaml --notifier pagerduty --notifier backup --timeout 2m --json',
    ],
  })
    .requiredOption('--config <file>', 'the configuration file')
    .option('--notifier <name>', 'only this one; may be given several times', gather, [])
    .option('--timeout <duration>', 'for each channel to accept and to prove (default: 60s)')
    .option('--hold <duration>', 'leave the test incident open for so long (default: 0s)')
    .option('--by <name>', 'who; default the environment variable USER')
    .option('--direct', 'send from here, though a "logcanary run" may listen')
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const known = await kinds();
      const config = await loadNamed(options.config, io, known);
      refuseUnknown(config, options.notifier);
      const { timeout, hold, by = io.env.USER ?? 'unknown' } = options;
      const asked: Asked = { notifiers: options.notifier, by, ...(timeout && { timeout }), ...(hold && { hold }) };
      const drill = await holdSomewhere({ config, known, asked, io, clock }, options.direct === true);
      io.stdout.write(options.json ? `${JSON.stringify(drill, null, 2)}\n` : tableOf(drill));
      const code = exitCodeOf(drill);
      if (code !== 0) throw new CommandExit(code);
    });
}

/** One that failed beats one that is blind; one that was stopped is not known to work. */
export function exitCodeOf({ outcome }: Pick<DrillJson, 'outcome'>): ExitCode {
  if (outcome === 'good') return 0;
  return outcome === 'blind' ? 3 : 1;
}

function gather(name: string, before: readonly string[]): readonly string[] {
  return [...before, name];
}

function refuseUnknown({ notify, file }: Config, wanted: readonly string[]): void {
  const names = notify.map(({ name }) => name);
  if (names.length === 0)
    throw new CommandExit(2, `There is no notifier in ${file}: nobody is told of anything. Add notify.`);
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new CommandExit(2, `There is no notifier "${unknown}" in ${file}. It has: ${names.join(', ')}.`);
}

/** By the running logcanary, since that is what would page; from here where there is none. */
async function holdSomewhere(call: DrillCall, direct: boolean): Promise<DrillJson> {
  const { config, io } = call;
  const plan = await planOf(call.asked);
  const note = (why: string) => void io.stderr.write(`${why} Sending from here: this drill is not recorded.\n`);
  if (direct) note('As asked (--direct).');
  else if (config.http.secret === undefined) note('No running logcanary can be asked without http: { secret: … }.');
  else {
    const drill = await drillByRunning(call);
    if (drill !== undefined) return drill;
    note(`No logcanary listens at ${config.listen.host}:${config.listen.port}.`);
  }
  return await drillDirectly(call, plan);
}

type Plan = Pick<DrillPlan, 'timeoutMs' | 'holdMs'>;

async function planOf({ timeout, hold }: Asked): Promise<Plan> {
  const { defaultDrillTimeoutMs, drillTimeoutMs, longestDrillHoldMs } = await import('../core/drill.ts');
  const { formatDuration, parseDuration } = await import('../lib/duration.ts');
  const ms = (option: string, text: string, least: number, most: number) => {
    const parsed = parseDuration(text);
    if (!parsed.ok) throw new CommandExit(2, `${option}: ${parsed.message}`);
    if (parsed.value >= least && parsed.value <= most) return parsed.value;
    throw new CommandExit(2, `${option}: write ${formatDuration(least)} to ${formatDuration(most)}.`);
  };
  const { least, most } = drillTimeoutMs;
  return {
    timeoutMs: timeout === undefined ? defaultDrillTimeoutMs : ms('--timeout', timeout, least, most),
    holdMs: hold === undefined ? 0 : ms('--hold', hold, 0, longestDrillHoldMs),
  };
}

async function drillDirectly({ config, known, asked, io, clock }: DrillCall, plan: Plan): Promise<DrillJson> {
  const [{ openNotifiers }, { holdDrill }, { drillJson }, { silentLog }] = await Promise.all([
    import('../open-probes.ts'),
    import('../notify/drill.ts'),
    import('../http/drill-json.ts'),
    import('../lib/log.ts'),
  ]);
  const all = [...openNotifiers(config, known.notifiers, { clock, log: silentLog }).values()];
  let before: DrillJson | undefined;
  const changed = (drill: Drill) => {
    const now = drillJson(drill);
    io.stderr.write(newsOf(before, now));
    before = now;
  };
  const drill = await holdDrill({
    ...plan,
    drill: { id: 'drill-by-hand', at: clock.now(), by: asked.by },
    notifiers: all.filter(({ name }) => asked.notifiers.length === 0 || asked.notifiers.includes(name)),
    ...{ deployment: config.deployment, clock, pageUrl: config.links?.page, signal: io.signal, changed },
  });
  return drillJson(drill);
}
