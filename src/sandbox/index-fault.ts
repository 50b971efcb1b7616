/** An error as the simulated index puts it on the wire: an HTTP status and an exception type of the real server. */
export class IndexFault extends Error {
  readonly status: number;
  readonly type: string;

  constructor(status: number, type: string, reason: string) {
    super(reason);
    this.name = 'IndexFault';
    this.status = status;
    this.type = type;
  }

  /** The body of a failed request. */
  body(): object {
    const cause = this.wire();
    return { error: { root_cause: [cause], ...cause }, status: this.status };
  }

  /** The part that a `_bulk` item or an `_msearch` response carries. */
  wire(): { type: string; reason: string } {
    return { type: this.type, reason: this.message };
  }
}

export function noSuchIndex(name: string): IndexFault {
  return new IndexFault(404, 'index_not_found_exception', `no such index [${name}]`);
}
