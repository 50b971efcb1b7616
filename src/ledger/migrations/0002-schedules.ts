/** Streams whose lines are handed over ahead of their times: what is out, and to whom. JSON; null for all others. */
export const schedules = `
ALTER TABLE stream ADD COLUMN schedule TEXT;
`;
