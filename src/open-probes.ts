/** Opens every probe and notifier that a configuration names; what was opened is closed again if one fails. */
import { type FilledRunbook, filledRunbook } from './core/first-look.ts';
import type { Notifier } from './core/notifier.ts';
import { ownAddress } from './core/own-address.ts';
import type { Config, NotifierSpec, PipelineSpec } from './core/pipeline.ts';
import type { InjectorInfo, ObserverInfo, PlaceInfo } from './engine/restore.ts';
import { LogcanaryError, messageOf, ProbeError } from './lib/errors.ts';
import type { AnyNotifier } from './notify/definition.ts';
import type { AnyProbe, Check, Injector, Observer, ProbeContext, Role } from './probe.ts';

export interface OpenProbes {
  readonly injectors: ReadonlyMap<string, { readonly port: Injector; readonly info: InjectorInfo }>;
  readonly observers: ReadonlyMap<string, { readonly port: Observer; readonly info: ObserverInfo }>;
  readonly checks: ReadonlyMap<string, { readonly port: Check; readonly info: PlaceInfo }>;
  close(): Promise<void>;
}

/** A place in the maps: pipeline and name are unique together. */
export function placeKey(pipeline: string, name: string): string {
  return JSON.stringify([pipeline, name]);
}

export async function openProbes(
  config: Config,
  probes: readonly AnyProbe[],
  context: ProbeContext,
): Promise<OpenProbes> {
  const opened = { injectors: new Map(), observers: new Map(), checks: new Map() };
  const toClose: { close(): Promise<void> }[] = [];
  const close = async () => {
    await Promise.allSettled(toClose.splice(0).map((each) => each.close()));
  };
  try {
    const own = ownAddress(config);
    for (const pipeline of config.pipelines) await openPipeline(pipeline, probes, { ...context, own }, opened, toClose);
  } catch (error) {
    await close();
    throw error;
  }
  return { ...opened, close };
}

async function openPipeline(
  pipeline: PipelineSpec,
  probes: readonly AnyProbe[],
  { own, ...context }: ProbeContext & { readonly own: string },
  opened: { injectors: Map<string, unknown>; observers: Map<string, unknown>; checks: Map<string, unknown> },
  toClose: { close(): Promise<void> }[],
): Promise<void> {
  for (const { name, kind, options } of pipeline.inject) {
    const { probe, role } = roleOf(probes, kind, 'inject');
    const port: Injector = await openRole(role, options, context, `${pipeline.name}/${name}`);
    toClose.push(port);
    const limits = 'limits' in port ? { limits: port.limits } : {};
    opened.injectors.set(placeKey(pipeline.name, name), {
      port,
      info: { ...placeOf(role, options), runbook: runbookOf(probe, role, options, { own, hop: name }), ...limits },
    });
  }
  for (const { name, kind, options } of pipeline.hops) {
    const { probe, role } = roleOf(probes, kind, 'observe');
    const port: Observer = await openRole(role, options, context, `${pipeline.name}/${name}`);
    toClose.push(port);
    const info = {
      mode: port.mode,
      finds: port.finds,
      ...(port.recheck && { recheck: { everyMs: port.recheck.everyMs, spanMs: port.recheck.spanMs } }),
      ...placeOf(role, options),
      runbook: runbookOf(probe, role, options, { own, hop: name }),
    };
    opened.observers.set(placeKey(pipeline.name, name), { port, info });
  }
  for (const { name, kind, options } of pipeline.checks) {
    const { probe, role } = roleOf(probes, kind, 'check');
    const port: Check = await openRole(role, options, context, `${pipeline.name}/${name}`);
    toClose.push(port);
    opened.checks.set(placeKey(pipeline.name, name), {
      port,
      info: { ...placeOf(role, options), runbook: runbookOf(probe, role, options, { own, hop: name }) },
    });
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the config type of a role is known to its own probe only
type AnyRole = Role<any, any>;

function placeOf(role: AnyRole, options: unknown): Pick<PlaceInfo, 'target' | 'through'> {
  const through = role.through?.(options);
  return { target: role.target(options), ...(through === undefined ? {} : { through }) };
}

/** With the configured names in it, and what every probe's runbook may name: its `hop`, and our `own` address. */
function runbookOf({ runbook }: AnyProbe, role: AnyRole, options: unknown, always: Names): FilledRunbook {
  return filledRunbook(runbook, { ...always, ...role.names?.(options) });
}

type Names = Readonly<Record<string, string>>;

function roleOf(
  probes: readonly AnyProbe[],
  kind: string,
  name: 'inject' | 'observe' | 'check',
): { probe: AnyProbe; role: AnyRole } {
  const probe = probes.find((each) => each.kind === kind && each[name] !== undefined);
  const role = probe?.[name];
  if (!probe || !role) throw new ProbeError(`There is no probe "${kind}" that can ${name}.`, { reason: 'config' });
  return { probe, role };
}

async function openRole<T>(role: AnyRole, options: unknown, context: ProbeContext, place: string): Promise<T> {
  try {
    return await role.open(options, context);
  } catch (error) {
    if (error instanceof LogcanaryError) throw error;
    throw new ProbeError(`Cannot open ${place}: ${messageOf(error)}`, { reason: 'config', cause: error });
  }
}

export function openNotifiers(
  config: Config,
  definitions: readonly AnyNotifier[],
  context: ProbeContext,
): Map<string, Notifier> {
  const notifiers = new Map<string, Notifier>();
  for (const spec of config.notify) {
    const definition = definitions.find((each) => each.kind === spec.kind);
    if (definition) notifiers.set(spec.name, openNotifier(config, spec, definition, context));
  }
  return notifiers;
}

/** With its language, its zone, and what its pages lead to. */
export function openNotifier(
  { links }: Config,
  { name, options, locale, timezone }: NotifierSpec,
  definition: AnyNotifier,
  context: ProbeContext,
): Notifier {
  const notifier = definition.open(options, { ...context, name, locale, zone: timezone, links });
  if (definition.takesNotes === true) return notifier;
  // One that waits from before the name stood for another kind: no channel must take it for a beginning.
  const send: Notifier['send'] = async (notification, how) =>
    notification.action === 'note' ? undefined : await notifier.send(notification, how);
  return { ...notifier, send };
}
