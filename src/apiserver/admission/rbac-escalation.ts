import type { Reader } from '../../client/client.ts';
import { quote } from '../../machinery/go-text.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { groupResource } from '../../machinery/resource-type.ts';
import { isReason } from '../../machinery/status-error.ts';
import { notFound } from '../../machinery/status-errors.ts';
import type { ClusterRole, PolicyRule, RoleBinding, RoleRef } from '../../resources/schema/rbac-v1.generated.ts';
import { clusterRoles, roles } from '../../resources/schema/resource-types.generated.ts';
import type { RbacPolicy } from '../authz/rbac-policy.ts';
import { uncoveredRules } from '../authz/rule-coverage.ts';
import type { Authorizer } from '../request.ts';
import { admissionForbidden } from './admission-forbidden.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';
import { sameValue } from './same-value.ts';

const group = 'rbac.authorization.k8s.io';

/** Every permission there is: what one must hold to let a role gather rules by labels. */
const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * Nobody gives away permissions that they do not hold themselves: not by writing roles (unless they may `escalate` them), and not
 * by binding them (unless they may `bind` them).
 */
export class RbacEscalation implements AdmissionPlugin {
  readonly name = 'RBACEscalation';
  readonly #policy: RbacPolicy;
  readonly #authorizer: Authorizer;
  /** Asked for a role that the informers do not have: it may have been created a moment before its binding. */
  readonly #reader: Reader;

  constructor(policy: RbacPolicy, authorizer: Authorizer, reader: Reader) {
    this.#policy = policy;
    this.#authorizer = authorizer;
    this.#reader = reader;
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const { operation, type, subresource, user, object } = attributes;
    if (type.group !== group || subresource !== '' || object === undefined) return;
    if (operation !== 'CREATE' && operation !== 'UPDATE') return;
    if (user.groups.includes('system:masters') || changesOnlyOwnership(attributes)) return;
    if (type.resource === 'roles' || type.resource === 'clusterroles') this.#checkRole(attributes);
    if (type.resource === 'rolebindings' || type.resource === 'clusterrolebindings')
      await this.#checkBinding(attributes);
  }

  #checkRole(attributes: AdmissionAttributes): void {
    const { type, namespace, user, old } = attributes;
    // The name counts for updates alone: a create is asked about before it has one.
    const name = old?.metadata.name ?? '';
    if (this.#allows(attributes, 'escalate', type.resource, namespace, name)) return;
    const role = attributes.object as ClusterRole;
    const problem = this.#notHeld(attributes, role.rules ?? []);
    if (problem !== undefined) throw admissionForbidden(attributes, problem);
    if (!gathersRules(role) && !gathersRules(old as ClusterRole | undefined)) return;
    const held = this.#policy.grantsFor(user, '').flatMap((grant) => (grant.error === undefined ? grant.rules : []));
    if (uncoveredRules(held, everything).length === 0) return;
    throw admissionForbidden(attributes, 'must have cluster-admin privileges to use the aggregationRule');
  }

  async #checkBinding(attributes: AdmissionAttributes): Promise<void> {
    const { namespace } = attributes;
    const { roleRef } = attributes.object as RoleBinding;
    const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    if (this.#allows(attributes, 'bind', resource, namespace, roleRef.name)) return;
    const problem = this.#notHeld(attributes, await this.#rulesBehind(attributes, roleRef));
    if (problem !== undefined) throw admissionForbidden(attributes, problem);
  }

  async #rulesBehind({ type, namespace }: AdmissionAttributes, roleRef: RoleRef): Promise<readonly PolicyRule[]> {
    const known = this.#policy.rulesOf(roleRef, namespace);
    if (known !== undefined) return known;
    try {
      const role =
        roleRef.kind === 'ClusterRole'
          ? await this.#reader.get(clusterRoles, { name: roleRef.name })
          : await this.#reader.get(roles, { namespace, name: roleRef.name });
      return role.rules ?? [];
    } catch (error) {
      // Kubernetes names the resource of the request, not that of the role.
      if (isReason(error, 'NotFound')) throw notFound(type, roleRef.name);
      throw error;
    }
  }

  #allows(
    { user, type }: AdmissionAttributes,
    verb: string,
    resource: string,
    namespace: string,
    name: string,
  ): boolean {
    const info = {
      isResource: true,
      path: '',
      verb,
      group,
      version: type.version,
      resource,
      subresource: '',
      namespace,
      name,
      fieldSelector: '',
      labelSelector: '',
    } as const;
    return this.#authorizer.authorize(user, info).decision === 'allow';
  }

  /** What of the rules the user does not hold, in Kubernetes' words; undefined when all is held. */
  #notHeld({ user, type, namespace }: AdmissionAttributes, rules: readonly PolicyRule[]): string | undefined {
    const grants = this.#policy.grantsFor(user, namespace);
    const held = grants.flatMap((grant) => (grant.error === undefined ? grant.rules : []));
    const missing = uncoveredRules(held, rules);
    if (missing.length === 0) return undefined;
    const lines = [...new Set(joinVerbs(missing).map(compactText))].sort();
    const groups = user.groups.map(quote).join(' ');
    const head = `user ${quote(user.username)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:`;
    const errors = grants.flatMap((grant) =>
      grant.error === undefined ? [] : [`${groupResource(type)} ${quote(grant.missingRole)} not found`],
    );
    return `${head}\n${lines.join('\n')}${resolutionErrors([...new Set(errors)])}`;
  }
}

/** The garbage collector may let go of roles that it could not grant. */
function changesOnlyOwnership({ object, old }: AdmissionAttributes): boolean {
  if (object === undefined || old === undefined) return false;
  const bare = ({ metadata, ...rest }: KubeObject) => {
    const { ownerReferences: _, finalizers: __, managedFields: ___, resourceVersion: ____, ...kept } = metadata;
    return { ...rest, metadata: kept };
  };
  return sameValue(bare(object as KubeObject), bare(old));
}

function gathersRules(role: ClusterRole | undefined): boolean {
  return (role?.aggregationRule?.clusterRoleSelectors ?? []).length > 0;
}

/** Single permissions that differ by their verb alone, as one. */
function joinVerbs(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const joined: PolicyRule[] = [];
  const bySubject = new Map<string, string[]>();
  for (const { verbs, ...subject } of rules) {
    if (subject.nonResourceURLs !== undefined) {
      joined.push({ verbs, ...subject });
      continue;
    }
    const key = JSON.stringify(subject);
    const known = bySubject.get(key);
    if (known !== undefined) known.push(...verbs);
    else {
      const all = [...verbs];
      bySubject.set(key, all);
      joined.push({ verbs: all, ...subject });
    }
  }
  return joined;
}

function compactText({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts = Object.entries({
    APIGroups: apiGroups,
    Resources: resources,
    NonResourceURLs: nonResourceURLs,
    ResourceNames: resourceNames,
    Verbs: verbs,
  }).flatMap(([name, values = []]) => (values.length === 0 ? [] : [`${name}:[${values.map(quote).join(' ')}]`]));
  return `{${parts.join(', ')}}`;
}

function resolutionErrors(errors: readonly string[]): string {
  if (errors.length === 0) return '';
  return `; resolution errors: [${errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`}]`;
}
