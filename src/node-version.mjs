// Ends the process with code 2 when its Node is too old, and says what to do. Plain JavaScript, because Node below 22.18
// cannot read TypeScript: `node --import ./src/node-version.mjs src/main.ts` is told this there instead of
// ERR_UNKNOWN_FILE_EXTENSION. main.ts imports it too, for all other ways to start.
import process from 'node:process';

/** The first major version that runs our TypeScript as it is and has all that we use of `node:sqlite`. */
const oldestMajor = 24;

if (Number(process.versions.node.split('.')[0]) < oldestMajor) {
  process.stderr.write(
    `logcanary needs Node ${oldestMajor} or newer; this is ${process.versions.node}. It brings its own: run "npm ci", ` +
      'then "npm start", or "node_modules/.bin/node src/main.ts ARGS".\n',
  );
  process.exit(2);
}
