import { type Draft, draft, type KubeObject } from '../../machinery/object.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  Role,
  RoleBinding,
  Subject,
} from '../../resources/schema/rbac-v1.generated.ts';
import { sameValue } from '../admission/same-value.ts';
import { uncoveredRules } from '../authz/rule-coverage.ts';

const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate';

/**
 * The role as it should be: what the expected one has and it lacks is added, what somebody added stays. Undefined when it is good
 * as it stands, or has been taken out of the server's hands (`autoupdate: "false"`).
 */
export function reconciledRole<R extends Role | ClusterRole>(existing: R, expected: R): R | undefined {
  if (isProtected(existing) || isAsExpected(existing, expected)) return undefined;
  const role = draft<Role | ClusterRole>(existing) as Draft<ClusterRole>;
  let changed = addMetadata(role, expected);
  const wantedSelectors = 'aggregationRule' in expected ? expected.aggregationRule?.clusterRoleSelectors : undefined;
  if (wantedSelectors !== undefined) {
    const selectors = role.aggregationRule?.clusterRoleSelectors ?? [];
    const missing = wantedSelectors.filter((wanted) => !selectors.some((selector) => sameValue(selector, wanted)));
    if (missing.length > 0) role.aggregationRule = { clusterRoleSelectors: [...selectors, ...draft(missing)] };
    changed ||= missing.length > 0;
  } else {
    const missing = uncoveredRules(existing.rules ?? [], expected.rules ?? []);
    if (missing.length > 0) role.rules = [...(role.rules ?? []), ...draft(missing)];
    changed ||= missing.length > 0;
  }
  return changed ? (role as unknown as R) : undefined;
}

export type BindingRepair<B> =
  | { readonly action: 'update'; readonly object: B }
  /** The role that a binding refers to cannot be changed. */
  | { readonly action: 'recreate'; readonly object: B };

/** What to do about a binding; undefined: nothing. Subjects that somebody added stay, unless it bound another role. */
export function repairOfBinding<B extends RoleBinding | ClusterRoleBinding>(
  existing: B,
  expected: B,
): BindingRepair<B> | undefined {
  if (isProtected(existing)) return undefined;
  if (!sameValue(existing.roleRef, expected.roleRef)) return { action: 'recreate', object: expected };
  const binding = draft<RoleBinding | ClusterRoleBinding>(existing);
  const metadataChanged = addMetadata(binding, expected);
  const missing = (expected.subjects ?? []).filter(
    (wanted) => !(existing.subjects ?? []).some((subject) => sameSubject(subject, wanted)),
  );
  if (missing.length === 0 && !metadataChanged) return undefined;
  if (missing.length > 0) binding.subjects = [...(binding.subjects ?? []), ...draft(missing)];
  return { action: 'update', object: binding as unknown as B };
}

/** The usual case at every start but the first: nobody has touched it, and looking closer would cost more than all else. */
function isAsExpected(existing: Role | ClusterRole, expected: Role | ClusterRole): boolean {
  const parts = (role: ClusterRole) => [
    role.rules ?? [],
    role.aggregationRule,
    role.metadata.labels,
    role.metadata.annotations,
  ];
  return sameValue(parts(existing), parts(expected));
}

function isProtected(object: KubeObject): boolean {
  return object.metadata.annotations?.[autoUpdate] === 'false';
}

/** Adds the labels and annotations that are missing; whether there were any. */
function addMetadata(object: Draft<KubeObject>, { metadata: wanted }: KubeObject): boolean {
  let changed = false;
  for (const part of ['labels', 'annotations'] as const) {
    for (const [key, value] of Object.entries(wanted[part] ?? {})) {
      if (object.metadata[part]?.[key] !== undefined) continue;
      object.metadata[part] = { ...object.metadata[part], [key]: value };
      changed = true;
    }
  }
  return changed;
}

function sameSubject(a: Subject, b: Subject): boolean {
  return (
    a.kind === b.kind &&
    a.name === b.name &&
    (a.namespace ?? '') === (b.namespace ?? '') &&
    (a.apiGroup ?? '') === (b.apiGroup ?? '')
  );
}
