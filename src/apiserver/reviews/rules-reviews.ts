import type { KubeObject } from '../../machinery/object.ts';
import { badRequest } from '../../machinery/status-errors.ts';
import type {
  NonResourceRule,
  ResourceRule,
  SelfSubjectRulesReview,
} from '../../resources/schema/authorization-v1.generated.ts';
import { selfSubjectRulesReviews } from '../../resources/schema/resource-types.generated.ts';
import { nodeNameOf } from '../authz/node-authorizer.ts';
import type { RbacPolicy } from '../authz/rbac-policy.ts';
import type { ResourceContext, ReviewHandler } from '../registry/extension-points.ts';

/** `selfsubjectrulesreviews`: all that RBAC lets the asker do in a namespace (`kubectl auth can-i --list`). */
export class RulesReviews implements ReviewHandler {
  readonly resource = selfSubjectRulesReviews;
  readonly #policy: RbacPolicy;

  constructor(policy: RbacPolicy) {
    this.#policy = policy;
  }

  async create({ user }: ResourceContext, body: KubeObject): Promise<SelfSubjectRulesReview> {
    const namespace = (body as SelfSubjectRulesReview).spec?.namespace ?? '';
    if (namespace === '') throw badRequest('no namespace on request');
    const resourceRules: ResourceRule[] = [];
    const nonResourceRules: NonResourceRule[] = [];
    const errors: string[] = [];
    const isNode = nodeNameOf(user) !== undefined;
    if (isNode) errors.push('node authorizer does not support user rule resolution');
    for (const grant of this.#policy.grantsFor(user, namespace)) {
      if (grant.error !== undefined) {
        errors.push(grant.error);
        continue;
      }
      for (const { verbs, apiGroups, resources = [], resourceNames, nonResourceURLs = [] } of grant.rules) {
        if (resources.length > 0) resourceRules.push({ verbs, ...present({ apiGroups, resources, resourceNames }) });
        if (nonResourceURLs.length > 0) nonResourceRules.push({ verbs, nonResourceURLs });
      }
    }
    const evaluationError = errors.length > 1 ? `[${errors.join(', ')}]` : (errors[0] ?? '');
    return {
      kind: 'SelfSubjectRulesReview',
      apiVersion: 'authorization.k8s.io/v1',
      metadata: {},
      spec: {},
      status: {
        resourceRules,
        nonResourceRules,
        incomplete: isNode,
        ...(evaluationError !== '' && { evaluationError }),
      },
    };
  }
}

function present<T extends object>(value: T): T {
  return Object.fromEntries(
    Object.entries(value).filter(([, each]) => Array.isArray(each) && each.length > 0),
  ) as unknown as T;
}
