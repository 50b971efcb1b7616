/** Who may do what: bearer tokens that expire, and RBAC as it is written in manifests. Remembers which grants were used. */
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { ApiRequest } from './api-path.ts';
import { Refusal } from './api-status.ts';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** One permission: `list pods`, `create pods/exec in logcanary`, `list daemonsets.apps in logging`. */
export type Grant = string;

export interface Admission {
  readonly until?: number;
  readonly grants?: readonly Grant[];
}

export interface AccessControl {
  /** Takes this token from now on: `until` this time on the double's clock (ms), with these `grants` alone, if given. */
  admit(token: string, limits?: Admission): void;
  /** Refuses this token from now on, as after its expiry. */
  expel(token: string): void;
  /** From now on only what these manifests grant is permitted. Without, everything is. */
  restrict(grants: readonly Grant[]): void;
  /** Undefined when the call may go on. */
  judge(authorization: string | undefined, request: ApiRequest): Refusal | undefined;
  /** All that was asked for, permitted or not, each once, sorted. */
  readonly asked: readonly Grant[];
  /** Granted and never asked for. */
  readonly unused: readonly Grant[];
}

/** From 1.35 on, exec over WebSocket (a GET) needs `create`, too. KEP-4006. */
const execNeeds = ['get', 'create'];

export function createAccessControl(now: () => number): AccessControl {
  const tokens = new Map<string, Admission>();
  const asked = new Set<Grant>();
  let granted: ReadonlySet<Grant> | undefined;

  function needed(request: ApiRequest): Grant[] {
    const verbs = request.subresource === 'exec' ? execNeeds : [request.verb];
    return verbs.map((verb) => grantOf(verb, request));
  }

  return {
    admit: (token, limits = {}) => void tokens.set(token, limits),
    expel: (token) => void tokens.delete(token),
    restrict: (grants) => {
      granted = new Set(grants);
    },
    judge(authorization, request) {
      const admission = tokens.get(authorization?.replace(/^Bearer /, '') ?? '');
      const expired = admission?.until !== undefined && admission.until <= now();
      if (tokens.size > 0 && (admission === undefined || expired)) return new Refusal(401, 'Unauthorized');
      const own = admission?.grants === undefined ? granted : new Set(admission.grants);
      for (const grant of needed(request)) {
        asked.add(grant);
        const everywhere = grant.replace(/ in .*$/, '');
        if (own !== undefined && !own.has(grant) && !own.has(everywhere)) return forbidden(request);
      }
      return undefined;
    },
    get asked() {
      return [...asked].toSorted();
    },
    get unused() {
      return [...(granted ?? [])].filter((grant) => !asked.has(grant)).toSorted();
    },
  };
}

function grantOf(
  verb: string,
  { group, resource, subresource, namespace }: Pick<ApiRequest, 'group' | 'resource' | 'subresource' | 'namespace'>,
): Grant {
  const what = `${resource}${subresource === undefined ? '' : `/${subresource}`}${group === '' ? '' : `.${group}`}`;
  return namespace === undefined ? `${verb} ${what}` : `${verb} ${what} in ${namespace}`;
}

function forbidden({ verb, group, resource, subresource, namespace, name }: ApiRequest): Refusal {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const message =
    `${resource} ${name === undefined ? '' : `"${name}" `}is forbidden: User ` +
    `"system:serviceaccount:logcanary:logcanary" cannot ${verb} resource "${what}" in API group "${group}" ${where}`;
  return new Refusal(403, message, { details: { ...(name === undefined ? {} : { name }), kind: resource } });
}

/** Every single permission that the bindings in these files give. */
export function grantsIn(files: readonly string[]): Grant[] {
  const manifests = files.flatMap((file) =>
    parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Manifest),
  );
  return manifests
    .filter(({ kind }) => kind === 'RoleBinding' || kind === 'ClusterRoleBinding')
    .flatMap((binding) => {
      const role = manifests.find(
        ({ kind, metadata }) => kind === binding.roleRef?.kind && metadata.name === binding.roleRef.name,
      );
      if (role === undefined) throw new Error(`${binding.metadata.name} binds a role that is not there`);
      return (role.rules ?? []).flatMap((rule) => grantsOfRule(rule, binding.metadata.namespace));
    });
}

function grantsOfRule({ apiGroups, resources, verbs }: Rule, namespace: string | undefined): Grant[] {
  const grants: Grant[] = [];
  for (const group of apiGroups)
    for (const named of resources)
      for (const verb of verbs) {
        const [resource = '', subresource] = named.split('/');
        const what = subresource === undefined ? { resource } : { resource, subresource };
        grants.push(grantOf(verb, { group, ...what, ...(namespace === undefined ? {} : { namespace }) }));
      }
  return grants;
}
