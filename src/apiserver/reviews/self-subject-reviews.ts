import type { Environment } from '../../machinery/environment/environment.ts';
import { formatTime } from '../../machinery/time.ts';
import type { SelfSubjectReview } from '../../resources/schema/authentication-v1.generated.ts';
import { selfSubjectReviews } from '../../resources/schema/resource-types.generated.ts';
import type { ResourceContext, ReviewHandler } from '../registry/extension-points.ts';
import { userInfoOf } from './user-info.ts';

/** `selfsubjectreviews`: who the server thinks is asking (`kubectl auth whoami`). */
export class SelfSubjectReviews implements ReviewHandler {
  readonly resource = selfSubjectReviews;
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  async create({ user }: ResourceContext): Promise<SelfSubjectReview> {
    const creationTimestamp = formatTime(this.#environment.now());
    return {
      kind: 'SelfSubjectReview',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { creationTimestamp },
      status: { userInfo: userInfoOf(user) },
    };
  }
}
