import type { Config } from '../core/pipeline.ts';
import type { AnyNotifier } from '../notify/definition.ts';
import type { AnyProbe } from '../probe.ts';
import type { CliIo } from './command.ts';

/** All kinds that a configuration may name. */
export interface KnownKinds {
  readonly probes: readonly AnyProbe[];
  readonly notifiers: readonly AnyNotifier[];
}

/** The kinds that ship with logcanary; imported late, since they bring zod and more. */
export async function shippedKinds(): Promise<KnownKinds> {
  const [probes, notifiers] = await Promise.all([import('../../probes/index.ts'), import('../notify/index.ts')]);
  return { probes: probes.default, notifiers: notifiers.default };
}

/** Reads the file that `--config` names. @throws ConfigError with all its faults */
export async function loadNamed(file: string, io: CliIo, kinds: KnownKinds): Promise<Config> {
  const { loadConfig } = await import('../config/load.ts');
  return loadConfig({ file, cwd: io.cwd, env: io.env, ...kinds });
}
