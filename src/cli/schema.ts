import type { Command } from 'commander';
import { addCommand, type CliIo } from './command.ts';
import { shippedKinds } from './kinds.ts';

/** `schema`: the JSON Schema of the configuration file, for editors. */
export function register(program: Command, io: CliIo, kinds = shippedKinds): void {
  addCommand(program, {
    usage: 'schema',
    summary: 'Print the JSON Schema (draft 7) of the configuration file, for editors.',
    examples: ['schema > logcanary.schema.json', "schema | jq '.properties | keys'"],
  }).action(async () => {
    const { configJsonSchema } = await import('../config/json-schema.ts');
    const { probes, notifiers } = await kinds();
    io.stdout.write(`${JSON.stringify(configJsonSchema(probes, notifiers), null, 2)}\n`);
  });
}
