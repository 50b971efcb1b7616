import { z } from 'zod';
import { type LookTemplate, templatesOf } from '../../src/core/first-look.ts';
import type { AnyProbe, Role } from '../../src/probe.ts';

const places = { inject: 'under `inject`', observe: 'under `hops`', check: 'under `checks`' } as const;

/** Where lines do not come, and this lies on their way. */
const ways: Readonly<Record<string, string>> = {
  'into-first-hop': 'nothing comes to the first hop',
  'out-of-first-hop': 'nothing comes from the first hop to the next',
};

interface Option {
  readonly description?: string;
}

/** docs/probes.md: every probe with its options and its runbook, as its own definition has them. */
export function probePage(probes: readonly AnyProbe[]): string {
  return [
    '# Probes',
    '',
    'Made from the definitions in `probes/`; after a change there, write it anew with',
    '`npx vitest run test/docs.test.ts -u`. Every option is a key in the braces: `kinesis: { stream: logs }`.',
    'In first looks, `{names}` stand for what is configured; a look that names what is not is left out.',
    '',
    '| kind | stands under | measures |',
    '| --- | --- | --- |',
    ...probes.map((probe) => `| \`${probe.kind}\` | ${rolesOf(probe).join(', ')} | ${plain(probe.measures)} |`),
    '',
    ...probes.flatMap(section),
  ].join('\n');
}

function rolesOf(probe: AnyProbe): string[] {
  return (['inject', 'observe', 'check'] as const)
    .filter((role) => probe[role] !== undefined)
    .map((role) => places[role].replace('under ', ''));
}

function section(probe: AnyProbe): string[] {
  const roles = (['inject', 'observe', 'check'] as const).flatMap((name) => {
    const role = probe[name];
    return role === undefined ? [] : [...optionTable(places[name], role), ''];
  });
  const runbook = Object.entries(probe.runbook).flatMap(([kind, advice]) =>
    templatesOf(advice).map((look) => lookLine(kind, look)),
  );
  const again = probe.asksAgain === undefined ? [] : [`Asked again after 1 h and 24 h: ${plain(probe.asksAgain)}`, ''];
  return [
    `## ${probe.kind}`,
    '',
    plain(probe.measures),
    '',
    ...roles,
    ...again,
    'First things to look at:',
    '',
    ...runbook,
    '',
  ];
}

/** As it is written: gaps are filled from the configuration when it is told. */
function lookLine(kind: string, { run, see }: LookTemplate): string {
  const parts = [run === undefined ? [] : [`\`${run}\``], see === undefined ? [] : [plain(see)]].flat();
  return `- ${ways[kind] ?? kind}: ${parts.join(': ')}`;
}

function optionTable(place: string, role: Role<unknown, unknown>): string[] {
  const schema = z.toJSONSchema(role.config, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
  const options = Object.entries((schema.properties ?? {}) as Readonly<Record<string, Option>>);
  if (options.length === 0) return [`Options ${place}: none.`];
  const required = new Set(schema.required);
  const rows = options.map(
    ([name, { description }]) => `| \`${name}\`${required.has(name) ? ' (required)' : ''} | ${plain(description)} |`,
  );
  return [`| option ${place} | what it is |`, '| --- | --- |', ...rows];
}

/** A text of a definition as Markdown shows it, also in one cell of a table: `<name>` is no HTML. */
function plain(text = ''): string {
  return text.replace(/[|<*]/g, '\\$&').replaceAll('\n', ' ');
}
