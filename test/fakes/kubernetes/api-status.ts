/** The `Status` objects a Kubernetes API server refuses with. Wording as in k8s.io/apimachinery `pkg/api/errors`. */

interface RefusalDetails {
  readonly details?: Readonly<Record<string, unknown>>;
  /** Seconds, sent as `Retry-After` and in `details`. */
  readonly retryAfter?: number;
  /** More of `metadata`: a 410 for a list carries a token to go on with. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const reasonOfCode: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** What the API server says no with. */
export class Refusal extends Error {
  readonly code: number;
  readonly more: RefusalDetails;

  constructor(code: number, message: string, more: RefusalDetails = {}) {
    super(message);
    this.code = code;
    this.more = more;
  }

  get headers(): Record<string, string> {
    const { retryAfter } = this.more;
    return {
      'content-type': 'application/json',
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    };
  }

  get body(): string {
    const { details, retryAfter, metadata = {} } = this.more;
    const said = { ...details, ...(retryAfter === undefined ? {} : { retryAfterSeconds: retryAfter }) };
    return JSON.stringify({
      ...{ kind: 'Status', apiVersion: 'v1', metadata, status: 'Failure', message: this.message },
      reason: reasonOfCode[this.code] ?? '',
      ...(Object.keys(said).length === 0 ? {} : { details: said }),
      code: this.code,
    });
  }
}

export function notFound(resource: string, name: string): Refusal {
  return new Refusal(404, `${resource} "${name}" not found`, { details: { name, kind: resource } });
}
