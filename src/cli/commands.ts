import { register as check } from './check.ts';
import type { Register } from './command.ts';
import { register as demo } from './demo.ts';
import { register as drill } from './drill.ts';
import { register as maintenance } from './maintenance.ts';
import { register as note } from './note.ts';
import { register as pageTest } from './page-test.ts';
import { register as run } from './run.ts';
import { register as sandbox } from './sandbox.ts';
import { register as schema } from './schema.ts';
import { register as silence } from './silence.ts';
import { register as trace } from './trace.ts';
import { register as validate } from './validate.ts';

/** Every command, in the order of `--help`. Modules are light: what is heavy is imported when the command runs. */
export const commands: readonly Register[] = [
  demo,
  sandbox,
  run,
  check,
  validate,
  schema,
  trace,
  pageTest,
  drill,
  maintenance,
  silence,
  note,
];
