/** A request to the simulated index, and how its parameters are read. */
import { parse } from './index-bulk.ts';
import type { SearchParameters } from './index-search.ts';

export interface IndexRequest {
  readonly method: string;
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: string;
}

/** A boolean of the query string; only `false` is false, as on the server. */
export const flag = (request: IndexRequest, name: string, otherwise: boolean): boolean => {
  const value = request.query.get(name);
  return value === null ? otherwise : value !== 'false';
};

/** The JSON body; `{}` when there is none. @throws IndexFault 400 */
export function optional(request: IndexRequest): Record<string, unknown> {
  return request.body === '' ? {} : parse(request.body, 'Failed to parse request body');
}

export function searchParameters(request: IndexRequest): SearchParameters {
  return {
    ignoreUnavailable: flag(request, 'ignore_unavailable', false),
    allowNoIndices: flag(request, 'allow_no_indices', true),
    allowPartial: flag(request, 'allow_partial_search_results', true),
  };
}
