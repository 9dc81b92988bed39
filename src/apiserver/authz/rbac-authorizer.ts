import type { Authorizer, Decision, RequestInfo, UserInfo } from '../request.ts';
import type { RbacPolicy } from './rbac-policy.ts';

const noOpinion: Decision = { decision: 'noOpinion', reason: '' };

/** Role based access control: allows what a role that is bound to the user or to one of its groups allows, and denies nothing. */
export class RbacAuthorizer implements Authorizer {
  readonly name = 'rbac';
  readonly #policy: RbacPolicy;

  constructor(policy: RbacPolicy) {
    this.#policy = policy;
  }

  authorize(user: UserInfo, info: RequestInfo): Decision {
    const namespace = info.isResource ? info.namespace : '';
    const errors: string[] = [];
    for (const grant of this.#policy.grantsFor(user, namespace)) {
      if (grant.error !== undefined) errors.push(grant.error);
      else if (grant.compiled.allows(info)) return grant.decision;
    }
    if (errors.length === 0) return noOpinion;
    const distinct = [...new Set(errors)];
    return {
      decision: 'noOpinion',
      reason: `rbac: RBAC: ${distinct.length === 1 ? distinct[0] : `[${distinct.join(', ')}]`}`,
    };
  }
}
