/**
 * The first layout. Frozen once released: a change is a new migration. The comments stay in the file's own schema, for
 * whoever opens it with `sqlite3 logcanary.db .schema`.
 */
export const tables = `
CREATE TABLE meta (
  key TEXT NOT NULL PRIMARY KEY,  -- time (last ledger time, ms since 1970), writer, nextStream, nextIncident, ...
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE stream (
  number INTEGER PRIMARY KEY,     -- never reused
  pipeline TEXT NOT NULL,
  injector TEXT NOT NULL,
  key TEXT NOT NULL,              -- the injector's identity for it: a node's UID, a file's path
  name TEXT NOT NULL,
  labels TEXT NOT NULL,           -- JSON
  next_seq INTEGER NOT NULL,      -- canaries below this one may have been sent
  opened_at INTEGER NOT NULL,     -- ms since 1970
  leaving_since INTEGER
);

CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL,
  from_seq INTEGER NOT NULL,
  t0 INTEGER NOT NULL,            -- planned emission of from_seq, ms since 1970
  every_ms INTEGER NOT NULL,
  jitter_ms INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  shapes TEXT NOT NULL,           -- JSON
  key INTEGER NOT NULL,           -- index of the signing key, 0-1023
  writer INTEGER NOT NULL,
  terms TEXT NOT NULL             -- JSON: hops and deadlines, frozen when the run began
);

CREATE TABLE emission (
  stream INTEGER NOT NULL,
  block INTEGER NOT NULL,         -- canaries block * 256 to block * 256 + 255
  settled INTEGER NOT NULL,       -- 1: can change no more
  ended_at INTEGER NOT NULL,      -- planned time of its last canary once settled, ms since 1970; 0 before
  data BLOB NOT NULL,
  PRIMARY KEY (stream, block)
) WITHOUT ROWID;
CREATE INDEX emission_open ON emission (settled) WHERE settled = 0;
CREATE INDEX emission_ended ON emission (ended_at) WHERE settled = 1;

CREATE TABLE verdict (
  stream INTEGER NOT NULL,
  hop INTEGER NOT NULL,
  block INTEGER NOT NULL,
  settled INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (stream, hop, block)
) WITHOUT ROWID;
CREATE INDEX verdict_open ON verdict (settled) WHERE settled = 0;
CREATE INDEX verdict_ended ON verdict (ended_at) WHERE settled = 1;

CREATE TABLE track (
  stream INTEGER NOT NULL,
  hop INTEGER NOT NULL,
  data BLOB NOT NULL,             -- look spans, and exact counts of what was folded away
  PRIMARY KEY (stream, hop)
) WITHOUT ROWID;

CREATE TABLE hop (
  id INTEGER PRIMARY KEY,         -- never reused
  pipeline TEXT NOT NULL,
  name TEXT NOT NULL,
  cursor TEXT,                    -- where reading goes on
  first_sighted_at INTEGER,       -- ms since 1970
  counters TEXT NOT NULL          -- JSON, over the ledger's whole life
);

CREATE TABLE look (
  id INTEGER PRIMARY KEY AUTOINCREMENT,  -- AUTOINCREMENT: the highest id outlives pruning
  hop INTEGER NOT NULL,
  as_of INTEGER NOT NULL,         -- ms since 1970
  took_ms REAL NOT NULL,
  coverage TEXT NOT NULL,         -- complete, partial, failed
  reason TEXT,
  asked INTEGER NOT NULL,
  seen INTEGER NOT NULL
);
CREATE INDEX look_as_of ON look (as_of);

CREATE TABLE rollup (
  hop INTEGER NOT NULL,
  hour INTEGER NOT NULL,          -- its beginning, ms since 1970
  counters TEXT NOT NULL,         -- JSON
  PRIMARY KEY (hop, hour)
) WITHOUT ROWID;

CREATE TABLE incident (
  id INTEGER PRIMARY KEY,
  pipeline TEXT NOT NULL,
  hop TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,            -- open, resolved
  opened_at INTEGER NOT NULL,     -- ms since 1970
  resolved_at INTEGER,
  facts TEXT NOT NULL,            -- JSON
  notified TEXT NOT NULL          -- JSON: names of the notifiers that were told
);
CREATE INDEX incident_state ON incident (state, resolved_at);

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  incident INTEGER NOT NULL,
  notifier TEXT NOT NULL,
  action TEXT NOT NULL,           -- trigger, update, resolve
  facts TEXT NOT NULL,            -- JSON
  state TEXT NOT NULL,            -- waiting, sent, refused
  attempts INTEGER NOT NULL,
  next_at INTEGER NOT NULL,       -- ms since 1970
  last_error TEXT,
  done_at INTEGER
);
CREATE INDEX outbox_state ON outbox (state, done_at);

CREATE TABLE unwatched (
  from_at INTEGER NOT NULL PRIMARY KEY,  -- ms since 1970: nobody watched between these
  to_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE ping (
  name TEXT NOT NULL PRIMARY KEY,
  at INTEGER NOT NULL
) WITHOUT ROWID;
`;
