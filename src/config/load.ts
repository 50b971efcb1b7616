import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import type { Config } from '../core/pipeline.ts';
import { ConfigError, type ConfigFault } from '../lib/errors.ts';
import type { AnyNotifier } from '../notify/definition.ts';
import type { AnyProbe } from '../probe.ts';
import { buildConfig } from './build.ts';
import { crossCheck } from './cross-check.ts';
import { parseSource, type SourceDocument } from './document.ts';
import { expand, unresolved } from './expand.ts';
import { describeIssue, type Finding, unsaid } from './issue.ts';
import { configJsonSchema } from './json-schema.ts';
import { checkKinds } from './kind-check.ts';
import { hoistNotifierKeys } from './notify-keys.ts';
import { formatPath, isMap, type Path, valueAt } from './path.ts';
import { decode, type FileText, maxConfigBytes, readTextFile } from './read-file.ts';
import { Secrets } from './redact.ts';
import { configSchema, kindsByPlace, type ParsedFile } from './schema.ts';

/** More faults than this are not told at once. */
const maxFaults = 100;

export interface LoadOptions {
  /** Path of the file, as messages show it; relative paths in it start at its folder. */
  readonly file: string;
  /** Where a relative `file` starts. Default: the working directory. */
  readonly cwd?: string;
  /** Its text, when it does not come from the file. */
  readonly text?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly probes: readonly AnyProbe[];
  readonly notifiers: readonly AnyNotifier[];
}

/**
 * Reads and checks a configuration. Opens nothing that it names.
 * @throws ConfigError with all faults at once, each with its place; no secret value is in any message
 */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const path = resolve(options.cwd ?? '.', options.file);
  const source: FileText =
    options.text === undefined
      ? await readTextFile(path, maxConfigBytes)
      : decode(Buffer.from(options.text), maxConfigBytes);
  if ('fault' in source) throw new ConfigError(options.file, [{ path: '', message: source.fault }]);
  const document = parseSource(source.text);
  if ('faults' in document) throw new ConfigError(options.file, document.faults);
  const folder = dirname(path);
  const parsed = await parseFile(document, options, folder);
  const hash = createHash('sha256').update(source.text).digest('hex').slice(0, 16);
  return buildConfig(parsed, { file: options.file, hash, folder, notifiers: options.notifiers });
}

async function parseFile(document: SourceDocument, options: LoadOptions, folder: string): Promise<ParsedFile> {
  const secrets = new Secrets();
  const unset: Finding[] = [];
  const fault = (path: Path, message: string) => unset.push({ path, message });
  const value = await expand(document.value, { env: options.env, folder, secrets, fault });
  secrets.collect(value);
  const hoisted = hoistNotifierKeys(value);
  const result = configSchema(options.probes, options.notifiers).safeParse(hoisted.value, { error: () => unsaid });
  const findings = [...checkKinds(value, kindsByPlace(options.probes, options.notifiers)), ...crossCheck(value)];
  if (!result.success) {
    const context = { value: hoisted.value, schema: configJsonSchema(options.probes, options.notifiers) };
    const described = result.error.issues.flatMap((issue) => describeIssue(issue, context));
    findings.push(...described.map((finding) => ({ ...finding, path: hoisted.written(finding.path) })));
  }
  // a value that could not be had has its fault already; what others say about it adds nothing
  const others = findings.filter((finding) => !holdsUnresolved(valueAt(value, finding.path)));
  const faults = toFaults([...unset, ...others], document, secrets);
  if (faults.length > 0 || !result.success) throw new ConfigError(options.file, faults);
  return result.data;
}

function holdsUnresolved(value: unknown): boolean {
  if (value === unresolved) return true;
  if (Array.isArray(value)) return value.some(holdsUnresolved);
  return isMap(value) && Object.values(value).some(holdsUnresolved);
}

/** With places, without secrets, each once, in the order of the file. */
function toFaults(findings: readonly Finding[], document: SourceDocument, secrets: Secrets): ConfigFault[] {
  const told = new Map<string, ConfigFault>();
  for (const finding of findings) {
    const key = `${formatPath(finding.path)} ${finding.atKey ? 'key' : finding.message}`;
    if (told.has(key)) continue;
    const place = document.locate(finding.path, finding.atKey ? 'key' : 'value');
    const fault = secrets.scrub({ ...place, path: formatPath(finding.path), message: finding.message });
    told.set(key, { ...fault, message: fault.message.replace(/\s+/g, ' ').trim() });
  }
  const faults = [...told.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  if (faults.length <= maxFaults) return faults;
  const rest = faults.length - maxFaults;
  return [...faults.slice(0, maxFaults), { path: '', message: `${rest} more faults. Correct these first.` }];
}
