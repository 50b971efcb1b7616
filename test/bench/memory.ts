/** Resident memory of the process with the engine and its ledger, after a collection; and its peak on the way. */
import { ledgerFolder, openRig, type Rig, type RigSpec } from './engine-rig.ts';
import { virtualDrive } from './virtual-drive.ts';

const start = 1_795_163_811_000;

/** 10 000 streams every 30 s for five minutes: everything arrives. */
export async function benchManyStreams(): Promise<Record<string, number>> {
  using folder = ledgerFolder();
  const rig = await openRig({ streams: 10_000, everyMs: 30_000, pollMs: 15_000 }, folder.path, start);
  const drive = virtualDrive(rig);
  await drive.run(start + 300_000);
  const memory = await memoryOf(rig);
  return { ...memory, injected: drive.injected };
}

/** 2 000 streams every second for 500 s: looks are complete and nothing arrives at any hop. Then a restart on that ledger. */
export async function benchOutstanding(): Promise<Record<string, number>> {
  const spec: RigSpec = { streams: 2_000, everyMs: 1_000, pollMs: 15_000 };
  using folder = ledgerFolder();
  const rig = await openRig(spec, folder.path, start);
  const drive = virtualDrive(rig, () => {});
  await drive.run(start + 503_000);
  const memory = await memoryOf(rig);
  const began = performance.now();
  const again = await openRig(spec, folder.path, start + 504_000);
  const restartMs = performance.now() - began;
  await again.ledger.close();
  return { ...memory, injected: drive.injected, restartMs };
}

async function memoryOf({ ledger }: Rig): Promise<{ rssMb: number; peakMb: number }> {
  // The ledger's answer comes from its thread: whatever was on its way to it is done with by then.
  await ledger.find('meta', {});
  // Virtual time makes the garbage of five minutes in seconds, so it is collected, and pages left half empty are given back.
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const rssMb = process.memoryUsage().rss / 1e6;
  const peakMb = (process.resourceUsage().maxRSS * 1024) / 1e6;
  await ledger.close();
  return { rssMb, peakMb };
}
