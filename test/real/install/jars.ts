/** Real search engines as jars from Maven Central: nothing to install, and no Docker. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { cached, type Say, tool } from './cache.ts';

export type Engine = 'opensearch' | 'elasticsearch7';

const titles: Readonly<Record<Engine, string>> = {
  opensearch: 'OpenSearch 2.19.1 (95 jars, 53 MB',
  elasticsearch7: 'Elasticsearch 7.10.2 OSS (82 jars, 36 MB',
};
const advice =
  'Install a JDK of 17 or newer and Maven (apt-get install openjdk-17-jdk-headless maven) and let Maven reach Maven Central.';

const sourceDir = (engine: Engine) => path.resolve(import.meta.dirname, '../java', engine);

/** Fetches and compiles once for each state of its `pom.xml` and Java file. Returns the class path. */
export async function installJars(engine: Engine, say: Say): Promise<string> {
  const source = sourceDir(engine);
  const names = (await readdir(source)).toSorted();
  const digest = createHash('sha256');
  for (const name of names) digest.update(await readFile(path.join(source, name)));
  // also when all is cached: it is what runs it
  await tool('java', ['-version'], advice);
  const dir = await cached(`${engine}-${digest.digest('hex').slice(0, 12)}`, async (unfinished) => {
    say(
      `fetching ${titles[engine]}, from Maven Central) into ${path.relative(process.cwd(), path.dirname(unfinished))}`,
    );
    const jars = path.join(unfinished, 'jars');
    const copy = ['-q', '-B', '-C', '-f', path.join(source, 'pom.xml'), 'dependency:copy-dependencies'];
    await tool('mvn', [...copy, `-DoutputDirectory=${jars}`], advice);
    const java = names.filter((name) => name.endsWith('.java')).map((name) => path.join(source, name));
    await tool('javac', ['-cp', `${jars}/*`, '-d', path.join(unfinished, 'classes'), ...java], advice);
  });
  return `${dir}/classes:${dir}/jars/*`;
}
