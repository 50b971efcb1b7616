/** What a canary costs on disk: growth of the SQLite file, write-ahead log moved in, per canary and hop. */
import { statSync } from 'node:fs';
import { ledgerFolder, openRig } from './engine-rig.ts';
import { virtualDrive } from './virtual-drive.ts';

const start = 1_795_163_811_000;
/** 100 streams for 25 minutes: 75 000 canaries at four hops. */
const spec = { streams: 100, everyMs: 2_000, pollMs: 7_500 };
const spanMs = 1_500_000;

/** Closing moves the write-ahead log into the file. */
export async function benchLedgerBytes(): Promise<Record<string, number>> {
  using folder = ledgerFolder();
  await (await openRig(spec, folder.path, start)).ledger.close();
  const empty = statSync(folder.path).size;
  const rig = await openRig(spec, folder.path, start);
  const drive = virtualDrive(rig);
  await drive.run(start + spanMs);
  await rig.ledger.close();
  const canaryHops = drive.injected * 4;
  return { bytesPerCanaryHop: (statSync(folder.path).size - empty) / canaryHops, canaryHops };
}
