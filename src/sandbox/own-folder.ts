import { mkdir } from 'node:fs/promises';
import { ConfigError, messageOf } from '../lib/errors.ts';

/** Makes a folder of the sandbox, also those above it. @throws ConfigError when there is no way to */
export async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    const message = `cannot be made a folder (${messageOf(error)}). Give --dir a folder that this user may write to.`;
    throw new ConfigError(dir, [{ path: '', message }]);
  }
}
