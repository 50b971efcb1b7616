/** What a request to a Kubernetes API server asks for: the attributes that RBAC judges. */

export interface ApiRequest {
  /** `get`, `list`, `create`... */
  readonly verb: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** What stands behind `/proxy`, with its slash. */
  readonly rest: string;
  readonly query: URLSearchParams;
}

const verbsOfNamed: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Undefined for what is no resource (`/healthz`, an unknown group). */
export function readApiPath(method: string, url: string): ApiRequest | undefined {
  const cut = url.indexOf('?');
  const path = cut < 0 ? url : url.slice(0, cut);
  const parts = path.split('/').slice(1);
  const core = parts[0] === 'api' && parts[1] === 'v1';
  const named = parts[0] === 'apis' && parts[1] !== undefined && parts[2] === 'v1';
  if (!core && !named) return undefined;
  const group = core ? '' : (parts[1] ?? '');
  const tail = parts.slice(core ? 2 : 3);
  // `/namespaces/NAME` alone is the namespace itself
  const scoped = tail[0] === 'namespaces' && tail.length > 2;
  const [resource, name, subresource, ...rest] = scoped ? tail.slice(2) : tail;
  if (resource === undefined || resource === '') return undefined;
  const query = new URLSearchParams(cut < 0 ? '' : url.slice(cut + 1));
  return {
    ...{ verb: verbOf(method, name, query), group, resource, query },
    ...(scoped ? { namespace: decodeURIComponent(tail[1] ?? '') } : {}),
    ...(name === undefined ? {} : { name: decodeURIComponent(name) }),
    ...(subresource === undefined ? {} : { subresource }),
    rest: `/${rest.join('/')}`,
  };
}

function verbOf(method: string, name: string | undefined, query: URLSearchParams): string {
  if (name === undefined && method === 'GET') return query.get('watch') === 'true' ? 'watch' : 'list';
  return verbsOfNamed[method] ?? method.toLowerCase();
}
