/** The verdicts of one canary at one hop. `withheld` is outside the accounting identity: it was never sent. */
export const verdicts = [
  'pending',
  'delivered',
  'delayed',
  'overdue',
  'lost',
  'unverifiable',
  'excused',
  'withheld',
] as const;
export type Verdict = (typeof verdicts)[number];

/** The terms of the accounting identity: expected = their sum. */
export const accounted = verdicts.filter((verdict) => verdict !== 'withheld');
