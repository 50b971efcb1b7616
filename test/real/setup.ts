/** Before all real tests: fetches what they run against, and says so; after them: says what was not run, and how to get it. */
import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { installBusybox } from './install/busybox-package.ts';
import { installElastalert, installElastalert2 } from './install/elastalert-packages.ts';
import { installJars } from './install/jars.ts';
import { installPrometheus } from './install/prometheus-package.ts';
import { installRsyslog } from './install/rsyslog-package.ts';

/** What is missing and how to get it, for each part that could not be fetched. */
export type Missing = Partial<Record<Part, string>>;
const names = [
  'opensearch',
  'elasticsearch7',
  'rsyslog',
  'busybox',
  'prometheus',
  'elastalert',
  'elastalert2',
] as const;
type Part = (typeof names)[number];

declare module 'vitest' {
  interface ProvidedContext {
    missing: Missing;
  }
}

/** Neither passed (0) nor failed (1): a part could not be looked at. As `logcanary` itself ends when it is blind. */
const notAllWasRun = 3;

const say = (text: string) => process.stderr.write(`test:real: ${text}\n`);

export default async function setup(project: TestProject): Promise<() => void> {
  const missing: Missing = {};
  const parts = {
    opensearch: () => installJars('opensearch', say),
    elasticsearch7: () => installJars('elasticsearch7', say),
    rsyslog: () => installRsyslog(say),
    busybox: () => installBusybox(say),
    prometheus: () => installPrometheus(say),
    elastalert: () => installElastalert(say),
    elastalert2: () => installElastalert2(say),
  };
  for (const part of names)
    await parts[part]().catch((error: unknown) => {
      missing[part] = error instanceof Error ? error.message : String(error);
    });
  project.provide('missing', missing);
  const report = () => {
    for (const [part, why] of Object.entries(missing)) say(`NOT RUN, everything that needs ${part}. ${why}`);
  };
  report();
  return () => {
    report();
    if (Object.keys(missing).length > 0) process.exitCode ||= notAllWasRun;
  };
}
