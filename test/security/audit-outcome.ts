export interface AuditOutcome {
  /** 0 none known, 1 some, 3 the registry did not say. */
  readonly code: 0 | 1 | 3;
  readonly words: string;
}

const severities = ['critical', 'high', 'moderate', 'low', 'info'] as const;

interface Report {
  readonly message?: string;
  readonly statusCode?: number;
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity?: string; readonly range?: string }>>;
  readonly metadata?: { readonly vulnerabilities?: Readonly<Record<string, number>> };
}

/** What `npm audit --json` said. */
export function auditOutcome(stdout: string, error?: Error): AuditOutcome {
  const report = parsed(stdout);
  const counts = report?.metadata?.vulnerabilities;
  if (counts === undefined) {
    const why = report?.statusCode ?? report?.message ?? error?.message ?? 'no answer that could be read';
    return {
      code: 3,
      words: `NOT AUDITED: the registry refused or did not answer (${why}). Nothing is known; run it where the public registry can be reached.`,
    };
  }
  const known = severities.flatMap((severity) =>
    (counts[severity] ?? 0) > 0 ? `${counts[severity]} ${severity}` : [],
  );
  if (known.length === 0) return { code: 0, words: 'No known vulnerability in what is installed with logcanary.' };
  const lines = Object.entries(report?.vulnerabilities ?? {}).map(
    ([name, one]) => `${one.severity ?? '?'}  ${name} ${one.range ?? ''}`,
  );
  return { code: 1, words: [`Known vulnerabilities: ${known.join(', ')}`, ...lines].join('\n') };
}

function parsed(text: string): Report | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Report) : undefined;
  } catch {
    return undefined;
  }
}
