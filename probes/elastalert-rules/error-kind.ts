/**
 * What an error of ElastAlert is, in words that may be shown. Its text repeats queries, log lines, and addresses with the secrets
 * in them, so only what has the form of a kind is kept: how it begins, names of exceptions, statuses.
 */

/** Kinds in the order of the text, at most. */
const maxKinds = 3;
const kinds =
  /\b[A-Z]\w*(?:Error|Exception|Timeout|Refused)\b|\b[a-z]+(?:_[a-z]+)*_exception\b|\b[45]\d\d (?:Client|Server) Error\b/g;

/** How every error of ElastAlert begins, apart from names: `Error running query`. */
const beginnings = [
  'Error running count query',
  'Error running terms query',
  'Error running query',
  'Error running match enhancement',
  'Error while running alert',
  'Error running rule',
  'Uncaught exception running rule',
  'Could not load rule',
  'Error querying for last run',
  'Error while querying for alert silence status',
  'Elasticsearch query error',
];

export function errorKind(message: string): string {
  const beginning = beginnings.find((each) => message.startsWith(each)) ?? 'an error';
  const found = [...new Set(message.slice(beginning.length).match(kinds) ?? [])].slice(0, maxKinds);
  return found.length === 0 ? beginning : `${beginning}: ${found.join(', ')}`;
}

/** The rule's name in the text, where the document does not hold it; of a rule that could not be loaded, its file. */
export function nameIn(message: string): string | undefined {
  return /^(?:Uncaught exception running|Error running|Could not load) rule (.{1,200}?): /.exec(message)?.[1];
}

/** The run broke off. Of an alert that is not taken, or a silence that cannot be looked up, the run goes on. */
export function isBreaking(message: string): boolean {
  return /^(Error running (count |terms )?query|Error running rule|Uncaught exception running rule)\b/.test(message);
}

/** ElastAlert takes a rule out of service after this one, until it is started again or the rule's file changes. */
export function isDisabling(message: string): boolean {
  return message.startsWith('Uncaught exception running rule');
}

export function isLoading(message: string): boolean {
  return message.startsWith('Could not load rule');
}
