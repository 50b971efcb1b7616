import { afterEach, describe, expect, test } from 'vitest';
import { composeLine, longestLine } from '../../src/core/line.ts';
import { type Shape, shapes } from '../../src/core/pipeline.ts';
import { mintToken } from '../../src/core/token.ts';
import { canaryLines } from '../fakes/canary-lines.ts';
import { products } from '../fakes/elastic-bench.ts';
import { absent, closeScenes, delivered, openScene, texts, tokens } from '../fakes/elastic-scene.ts';

afterEach(closeScenes);

const signer = { mac: () => 'm'.repeat(17) };
/** A token as the engine mints it, but for its signature. */
function tokenOf(shape: Shape, length = 0, seq = 1): string {
  return mintToken(
    { key: 1, writer: 2, stream: 3, seq, plannedAt: 1_795_160_000_000, shape: shapes.indexOf(shape), length },
    signer,
  );
}

describe('keyword fields', () => {
  const mapped = (message: object) => ({ mappings: { properties: { message } } });

  test('given lines that begin with our opening, when looked for, then they are found and absences count', async () => {
    const { bench, look } = await openScene();
    await bench.request('PUT', '/logs-1', mapped({ type: 'keyword' }));
    const lines = canaryLines(3);
    await bench.put(texts(lines));
    const answer = await look([...tokens(lines), ...absent(1)]);
    expect(answer.coverage).toBe('complete');
    expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
  });
  test('given lines that do not begin with it, when looked for, then absences do not count', async () => {
    const { bench, look } = await openScene();
    await bench.request('PUT', '/logs-1', mapped({ type: 'keyword' }));
    const lines = canaryLines(1);
    await bench.put([`stdout F ${texts(lines)}`]);
    expect(await look(tokens(lines))).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
  });
  test('given values over ignore_above, when looked for in the multi-field, then absences do not count but finds do', async () => {
    const { bench, look } = await openScene({ fields: ['message.keyword'] });
    const lines = canaryLines(2);
    await bench.put([...texts(lines.slice(0, 1)), `${texts(lines)[1]} ${'x'.repeat(300)}`]);
    const answer = await look(tokens(lines));
    expect(delivered(answer)).toEqual(tokens(lines.slice(0, 1)));
    expect(answer).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
  });
  test('given text in one index and keyword in another, when looked for, then both are searched', async () => {
    const { bench, look } = await openScene();
    await bench.request('PUT', '/logs-2', mapped({ type: 'keyword' }));
    const lines = canaryLines(2);
    await bench.put(texts(lines.slice(0, 1)), 'logs-1');
    await bench.put(texts(lines.slice(1)), 'logs-2');
    const answer = await look(tokens(lines));
    expect(answer.coverage).toBe('complete');
    expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
  });
  test('given json lines that nobody parsed, when looked for, then they are found and absences count', async () => {
    const { bench, look } = await openScene();
    await bench.request('PUT', '/logs-1', mapped({ type: 'keyword' }));
    const lines = canaryLines(2);
    await bench.put(texts(lines).map((message) => JSON.stringify({ message })));
    const answer = await look([...tokens(lines), ...absent(1)]);
    expect(answer.coverage).toBe('complete');
    expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
  });
  for (const product of products)
    test(`given ${product} and ignore_above, when asked for lines that fit and for one that may not, then only the first absences count`, async () => {
      const { bench, look } = await openScene({}, { product });
      await bench.request('PUT', '/logs-1', mapped({ type: 'keyword', ignore_above: 1024 }));
      await bench.put(texts(canaryLines(1)));
      const [plain, long] = [tokenOf('plain'), tokenOf('long')];
      expect(await look([plain])).toMatchObject({ coverage: 'complete', finds: [] });
      const { coverage, why } = await look([plain, long]);
      expect([coverage, why?.reason]).toEqual(['partial', 'unsupported']);
      expect(why?.message).toMatch(/"message".*1024.*ignore_above.*Set fields/);
    });
  test('given ignore_above in one index of two, when asked for a long line, then absences do not count', async () => {
    const { bench, look } = await openScene();
    await bench.request('PUT', '/logs-1', mapped({ type: 'keyword', ignore_above: 1024 }));
    await bench.request('PUT', '/logs-2', mapped({ type: 'keyword' }));
    await bench.put(texts(canaryLines(1)), 'logs-2');
    expect(await look([tokenOf('long')])).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
  });
  test('given more long lines than one look may ask for, when looked for, then the look is partial', async () => {
    const { bench, look } = await openScene();
    await bench.request('PUT', '/logs-1', mapped({ type: 'keyword', ignore_above: 1024 }));
    await bench.put(texts(canaryLines(1)));
    const answer = await look([], { count: 100_000, tokens: () => [] });
    expect(answer).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
  });
});

describe('longestLine', () => {
  for (const shape of shapes)
    test(`given any token of shape ${shape}, when its line is composed with the longest names, then it is no longer than said`, () => {
      for (const length of [0, 7, 16, 31])
        for (const seq of [0, 1, 99, 32 ** 7 - 1]) {
          const token = tokenOf(shape, length, seq);
          const name = 'n'.repeat(63);
          expect(composeLine({ token, pipeline: name, stream: name, seq }).length).toBeLessThanOrEqual(
            longestLine(token),
          );
        }
    });
  test('given a plain token of the least length, then its line fits 512 characters, and a long one does not fit 16 KiB', () => {
    expect(longestLine(tokenOf('plain'))).toBeLessThan(512);
    expect(longestLine(tokenOf('long'))).toBeGreaterThan(16_384);
  });
  test('given something that is no token, then no line is short enough', () => {
    expect(longestLine('lcn1')).toBe(Number.POSITIVE_INFINITY);
  });
});
