import type { Informer } from '../../client/informer.ts';
import { quote } from '../../machinery/go-text.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from '../../resources/schema/rbac-v1.generated.ts';
import type { Decision, UserInfo } from '../request.ts';
import { type CompiledRules, compileRules } from './compiled-rules.ts';

/** What one binding gives to a user: the rules of the role it refers to, or why there are none. */
export type Grant =
  | {
      readonly error: undefined;
      readonly rules: readonly PolicyRule[];
      readonly compiled: CompiledRules;
      /** Allows, and names the binding. */
      readonly decision: Decision;
    }
  | {
      readonly error: string;
      /** The name of the role that does not exist. */
      readonly missingRole: string;
    };

export interface RbacInformers {
  readonly roles: Informer<Role>;
  readonly clusterRoles: Informer<ClusterRole>;
  readonly roleBindings: Informer<RoleBinding>;
  readonly clusterRoleBindings: Informer<ClusterRoleBinding>;
}

type Binding = ClusterRoleBinding | RoleBinding;

/** Bindings by subject and then by name. */
type SubjectIndex<B extends Binding> = Map<string, Map<string, B>>;

interface UserGrants {
  readonly cluster: readonly Grant[];
  /** Those of the cluster and of the namespace. */
  readonly byNamespace: Map<string, readonly Grant[]>;
}

/** Users whose grants are remembered; past it all are forgotten and built anew as they come. */
const maxUsers = 10_000;

/**
 * The RBAC objects, indexed by subject. What applies to a user is put together at its first request and kept until any
 * RBAC object changes.
 */
export class RbacPolicy {
  readonly #informers: RbacInformers;
  readonly #clusterBindings: SubjectIndex<ClusterRoleBinding> = new Map();
  /** By namespace. */
  readonly #bindings = new Map<string, SubjectIndex<RoleBinding>>();
  #byIdentity = new Map<string, UserGrants>();
  /** Authenticators hand out the same object for the same credentials, which spares the key. */
  #byUser = new WeakMap<UserInfo, UserGrants>();
  readonly #stops: readonly (() => void)[];

  constructor(informers: RbacInformers) {
    this.#informers = informers;
    const forget = () => this.#forget();
    this.#stops = [
      informers.roles.addHandler({ added: forget, updated: forget, deleted: forget }),
      informers.clusterRoles.addHandler({ added: forget, updated: forget, deleted: forget }),
      this.#follow(informers.clusterRoleBindings, () => this.#clusterBindings),
      this.#follow(informers.roleBindings, (namespace) =>
        this.#bindings.getOrInsertComputed(namespace, () => new Map()),
      ),
    ];
  }

  /** Stops following the informers. */
  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** What applies to the user cluster-wide and, unless it is empty, in the namespace. */
  grantsFor(user: UserInfo, namespace: string): readonly Grant[] {
    const grants = this.#grantsOf(user);
    if (namespace === '') return grants.cluster;
    const index = this.#bindings.get(namespace);
    if (index === undefined) return grants.cluster;
    let inNamespace = grants.byNamespace.get(namespace);
    if (inNamespace === undefined) {
      inNamespace = [...grants.cluster, ...this.#collect(user, index)];
      grants.byNamespace.set(namespace, inNamespace);
    }
    return inNamespace;
  }

  /** The rules behind a reference, or undefined when the role does not exist. `namespace` is the binding's. */
  rulesOf(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    const role =
      roleRef.kind === 'Role'
        ? this.#informers.roles.get(roleRef.name, namespace)
        : this.#informers.clusterRoles.get(roleRef.name);
    return role === undefined ? undefined : (role.rules ?? []);
  }

  #grantsOf(user: UserInfo): UserGrants {
    let grants = this.#byUser.get(user);
    if (grants !== undefined) return grants;
    const identity = [user.username, ...user.groups].join('\n');
    grants = this.#byIdentity.get(identity);
    if (grants === undefined) {
      grants = { cluster: this.#collect(user, this.#clusterBindings), byNamespace: new Map() };
      if (this.#byIdentity.size >= maxUsers) this.#forget();
      this.#byIdentity.set(identity, grants);
    }
    this.#byUser.set(user, grants);
    return grants;
  }

  #collect(user: UserInfo, index: SubjectIndex<Binding>): Grant[] {
    const found = new Map<string, { readonly binding: Binding; readonly subject: string }>();
    for (const subject of [userKey(user.username), ...user.groups.map(groupKey)]) {
      for (const [name, binding] of index.get(subject) ?? []) {
        if (!found.has(name)) found.set(name, { binding, subject });
      }
    }
    return [...found.values()].map(({ binding, subject }) => this.#grant(binding, subject));
  }

  #grant(binding: Binding, subject: string): Grant {
    const namespace = binding.metadata.namespace ?? '';
    const { roleRef } = binding;
    const rules = this.rulesOf(roleRef, namespace);
    if (rules === undefined) {
      const error = `${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${quote(roleRef.name)} not found`;
      return { error, missingRole: roleRef.name };
    }
    const name = binding.metadata.name ?? '';
    const described = namespace === '' ? `ClusterRoleBinding "${name}"` : `RoleBinding "${name}/${namespace}"`;
    const who = (binding.subjects ?? []).find((each) => subjectKey(each, namespace) === subject);
    return {
      error: undefined,
      rules,
      compiled: compileRules(rules),
      decision: {
        decision: 'allow',
        reason: `RBAC: allowed by ${described} of ${roleRef.kind} "${roleRef.name}" to ${describeSubject(who, namespace)}`,
      },
    };
  }

  #follow<B extends Binding & KubeObject>(
    informer: Informer<B>,
    indexOf: (namespace: string) => SubjectIndex<B>,
  ): () => void {
    const remove = (binding: B) => {
      const namespace = binding.metadata.namespace ?? '';
      const index = indexOf(namespace);
      for (const key of subjectKeys(binding)) {
        const bindings = index.get(key);
        bindings?.delete(binding.metadata.name ?? '');
        if (bindings?.size === 0) index.delete(key);
      }
      if (index.size === 0) this.#bindings.delete(namespace);
      this.#forget();
    };
    const add = (binding: B) => {
      const index = indexOf(binding.metadata.namespace ?? '');
      for (const key of subjectKeys(binding)) {
        index.getOrInsertComputed(key, () => new Map()).set(binding.metadata.name ?? '', binding);
      }
      this.#forget();
    };
    return informer.addHandler({
      added: add,
      updated: (binding, old) => {
        remove(old);
        add(binding);
      },
      deleted: remove,
    });
  }

  #forget(): void {
    if (this.#byIdentity.size === 0) return;
    this.#byIdentity = new Map();
    this.#byUser = new WeakMap();
  }
}

function subjectKeys(binding: Binding): ReadonlySet<string> {
  const namespace = binding.metadata.namespace ?? '';
  const keys = (binding.subjects ?? []).map((subject) => subjectKey(subject, namespace));
  return new Set(keys.filter((key) => key !== undefined));
}

/** A service account is a user by another name; without a namespace it is one of the binding's own. */
function subjectKey(subject: Subject, bindingNamespace: string): string | undefined {
  if (subject.kind === 'User') return userKey(subject.name);
  if (subject.kind === 'Group') return groupKey(subject.name);
  const namespace = subject.namespace || bindingNamespace;
  if (subject.kind !== 'ServiceAccount' || namespace === '') return undefined;
  return userKey(`system:serviceaccount:${namespace}:${subject.name}`);
}

function userKey(name: string): string {
  return `user ${name}`;
}

function groupKey(name: string): string {
  return `group ${name}`;
}

function describeSubject(subject: Subject | undefined, bindingNamespace: string): string {
  if (subject === undefined) return '';
  const { kind, name, namespace } = subject;
  return kind === 'ServiceAccount' ? `${kind} "${name}/${namespace || bindingNamespace}"` : `${kind} "${name}"`;
}
