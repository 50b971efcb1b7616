import manifest from '../../package.json' with { type: 'json' };

/** Our own version, as in package.json. */
export const { version } = manifest;
