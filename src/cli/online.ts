import type { Config } from '../core/pipeline.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf, ProbeError, type Reason } from '../lib/errors.ts';
import { silentLog } from '../lib/log.ts';
import type { AnyProbe, ProbeContext, Role } from '../probe.ts';
import type { CliIo, ExitCode } from './command.ts';

/** Each target gets this long to answer, ms. */
const deadlineMs = 10_000;

/** Nobody answered: we could not look. Any other failure is an answer. */
const unreachable: readonly Reason[] = ['timeout', 'aborted', 'dns', 'network', 'refused', 'tls'];

interface Target {
  readonly label: string;
  // biome-ignore lint/suspicious/noExplicitAny: variance: roles with different configs have no common type
  readonly role: Role<any, unknown> | undefined;
  readonly options: unknown;
}

/** Asks each target in turn and writes one line for each: 0 all well, 1 one refuses or lacks something, 3 one was not reached. */
export async function checkOnline(
  config: Config,
  probes: readonly AnyProbe[],
  { io, clock }: { io: CliIo; clock: Clock },
): Promise<ExitCode> {
  io.stdout.write('\nonline\n');
  const context = { clock, log: silentLog };
  const codes: ExitCode[] = [];
  for (const target of targetsOf(config, probes)) {
    const { line, code } = await ask(target, context, io.signal);
    io.stdout.write(`  ${target.label}: ${line}\n`);
    codes.push(code);
  }
  return codes.includes(1) ? 1 : codes.includes(3) ? 3 : 0;
}

function targetsOf(config: Config, probes: readonly AnyProbe[]): Target[] {
  const find = (kind: string) => probes.find((probe) => probe.kind === kind);
  return config.pipelines.flatMap(({ name, inject, hops, checks }) => [
    ...inject.map((spec) => ({
      label: `${name} inject ${spec.name}`,
      role: find(spec.kind)?.inject,
      options: spec.options,
    })),
    ...hops.map((spec) => ({
      label: `${name} hop ${spec.name}`,
      role: find(spec.kind)?.observe,
      options: spec.options,
    })),
    ...checks.map((spec) => ({
      label: `${name} check ${spec.name}`,
      role: find(spec.kind)?.check,
      options: spec.options,
    })),
  ]);
}

async function ask(
  target: Target,
  context: ProbeContext,
  signal: AbortSignal,
): Promise<{ line: string; code: ExitCode }> {
  if (!target.role?.online) return { line: 'cannot be checked from here', code: 0 };
  const deadline = context.clock.deadline(deadlineMs, signal);
  try {
    return { line: `ok, ${await target.role.online(target.options, context, { signal: deadline.signal })}`, code: 0 };
  } catch (error) {
    const silent = deadline.signal.aborted || (error instanceof ProbeError && unreachable.includes(error.reason));
    return silent
      ? { line: `not reached: ${messageOf(error)}`, code: 3 }
      : { line: `FAILED: ${messageOf(error)}`, code: 1 };
  } finally {
    deadline.clear();
  }
}
