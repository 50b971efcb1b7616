/**
 * What channels gave back for a message (JSON, by their names), and since when a notification waits: 0 where that was not
 * written down, which is long enough to tell another channel.
 */
export const receipts = `
ALTER TABLE incident ADD COLUMN receipts TEXT NOT NULL DEFAULT '{}';
ALTER TABLE outbox ADD COLUMN queued_at INTEGER NOT NULL DEFAULT 0;
`;
