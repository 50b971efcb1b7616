/** docs/security.md names the tests that hold its claims: each must be there, under that name. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { targets } from '../fuzz/targets.ts';

const docs = path.join(import.meta.dirname, '../../docs');
const page = readFileSync(path.join(docs, 'security.md'), 'utf8');
const items = page.split('\n').filter((line) => line.startsWith('- '));

test('given the tests that docs/security.md names, then each is in the file beside it', () => {
  const named = items.filter((line) => !line.startsWith('- fuzz target'));
  const missing = named.filter((line) => {
    const [, name = '', file = ''] = /^- `(.+)` \(\[[^\]]+\]\(([^)]+)\)\)$/.exec(line) ?? [];
    const at = path.join(docs, file);
    // a test, not a comment: it opens a call's first argument
    return name === '' || !existsSync(at) || !readFileSync(at, 'utf8').replaceAll("\\'", "'").includes(`'${name}',`);
  });
  expect(named.length).toBeGreaterThan(25);
  expect(missing).toEqual([]);
});

test('given the fuzz targets that docs/security.md names, then there are such', () => {
  const named = items
    .filter((line) => line.startsWith('- fuzz target'))
    .flatMap((line) => line.match(/(?<=`)[^`]+(?=`(,| and|$))/g) ?? []);
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((name) => !targets.some((target) => target.name === name))).toEqual([]);
});

test('given the threats it must treat, then each section names a test or a fuzz target', () => {
  const sections = page.split(/^## /m).slice(1);
  expect(sections.length).toBeGreaterThan(9);
  expect(sections.filter((section) => !section.includes('\n- ')).map((section) => section.split('\n')[0])).toEqual([]);
});
