import { randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import type { KeySpec } from './core/pipeline.ts';
import { LedgerError, messageOf } from './lib/errors.ts';

/** Name of a key that nobody configured. */
const generatedId = 'generated';

/**
 * The configured keys, or one generated beside the ledger (mode 0600) and used again at each start.
 * @throws LedgerError when the key file can be neither read nor made
 */
export async function keysOf(configured: readonly KeySpec[], ledger: string): Promise<readonly KeySpec[]> {
  if (configured.length > 0) return configured;
  const file = `${ledger}.key`;
  try {
    return [{ id: generatedId, secret: (await readOrMake(file)).trim() }];
  } catch (error) {
    throw new LedgerError(
      `Cannot read or make the key file ${file}: ${messageOf(error)}. Set keys in the configuration, or let this user write there.`,
      {
        reason: 'config',
        cause: error,
      },
    );
  }
}

async function readOrMake(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const secret = randomBytes(32).toString('base64url');
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(`${secret}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return secret;
}
