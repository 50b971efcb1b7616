import { composeLine } from '../../src/core/line.ts';
import { scan } from '../../src/core/scan.ts';
import { checkToken, mintToken } from '../../src/core/token.ts';
import { createSigner } from '../../src/lib/signer.ts';

const runs = 5;
const tokens = 50_000;
const scannedBytes = 32_000_000;

/** What a pipeline carries besides canaries; holds beginnings of both things that a scan looks for. */
const record =
  '{"@timestamp":"2026-11-20T08:24:10.321Z","message":"GET /api/v1/items/38123 200 12ms local call includes logcan lcn 1",' +
  '"level":"info","kubernetes":{"pod_name":"payments-7d9c","namespace_name":"prod"}}\n';

/**
 * What one core does, median of five runs: `minted` and `verified` tokens a second, and MB a second scanned of logs
 * without canaries (`scannedMb`), of the same as text (`scannedTextMb`), and of logs where every record is a canary (`canaryMb`).
 */
export async function benchTokens(): Promise<Record<string, number>> {
  const signer = createSigner([{ id: 'bench', secret: 'nothing to hide' }]);
  const mint = (seq: number) =>
    mintToken(
      { key: signer.first, writer: 1, stream: 2, seq, plannedAt: 1_795_163_811_000 + seq, shape: 0, length: 0 },
      signer,
    );
  const minted = Array.from({ length: tokens }, (_, seq) => mint(seq));
  const canaries = minted.slice(0, 20_000).map((token, seq) => {
    return `${JSON.stringify({ message: composeLine({ token, pipeline: 'prod', stream: 'node-a', seq }), offset: seq })}\n`;
  });
  const logs = Buffer.from(record.repeat(Math.ceil(scannedBytes / record.length)));
  const text = logs.toString('latin1');
  const flock = Buffer.from(canaries.join(''));
  return {
    minted: rate(tokens, () => count(minted, (_, seq) => mint(seq).length === 52)),
    verified: rate(tokens, () => count(minted, (token) => checkToken(token, signer).state === 'valid')),
    scannedMb: rate(logs.length / 1e6, () => scan(logs).finds.length === 0),
    scannedTextMb: rate(text.length / 1e6, () => scan(text).finds.length === 0),
    canaryMb: rate(flock.length / 1e6, () => scan(flock).finds.every((find) => find.damage === undefined)),
  };
}

function count(list: readonly string[], isRight: (token: string, index: number) => boolean): boolean {
  return list.filter(isRight).length === list.length;
}

/** Units a second: the median, after one run to warm up. */
function rate(units: number, work: () => boolean): number {
  const rates = Array.from({ length: runs + 1 }, () => {
    const start = performance.now();
    if (!work()) throw new Error('The benchmark got a wrong answer, so its time means nothing.');
    return (units * 1000) / (performance.now() - start);
  });
  const sorted = rates.slice(1).sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(runs / 2)] ?? 0);
}
