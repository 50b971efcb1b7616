/** Resident memory of the process with the engine and its ledger, after a collection; and its peak on the way. */
import { ledgerFolder, openRig, type Rig } from './engine-rig.ts';
import { virtualDrive } from './virtual-drive.ts';

const start = 1_795_163_811_000;

/** 10 000 streams every 30 s for five minutes: everything arrives. */
export async function benchManyStreams(): Promise<Record<string, number>> {
  using folder = ledgerFolder();
  const rig = await openRig({ streams: 10_000, everyMs: 30_000, pollMs: 15_000 }, folder.path, start);
  const drive = virtualDrive(rig);
  await drive.run(start + 300_000);
  return { ...(await memoryOf(rig)), injected: drive.injected };
}

/** 2 000 streams every second for 500 s: looks are complete and nothing arrives at any of the four hops. */
export async function benchOutstanding(): Promise<Record<string, number>> {
  using folder = ledgerFolder();
  const rig = await openRig(outstanding, folder.path, start);
  const drive = virtualDrive(rig, () => {});
  await drive.run(start + outstandingMs);
  return { ...(await memoryOf(rig)), injected: drive.injected };
}
const outstanding = { streams: 2_000, everyMs: 1_000, pollMs: 15_000 };
const outstandingMs = 505_000;

async function memoryOf(rig: Rig): Promise<Record<string, number>> {
  globalThis.gc?.();
  // The ledger's answer comes from its thread: whatever was on its way to it is done with by then.
  await rig.ledger.find('meta', {});
  globalThis.gc?.();
  const rssMb = process.memoryUsage().rss / 1e6;
  const peakMb = (process.resourceUsage().maxRSS * 1024) / 1e6;
  await rig.ledger.close();
  return { rssMb, peakMb };
}
