import type { AdmissionAttributes, AdmissionPlugin } from '../../apiserver/admission/plugin.ts';
import { privilegedGroups } from '../../apiserver/authz/privileged-groups.ts';
import type { Authorizer, Decision, RequestInfo, UserInfo } from '../../apiserver/request.ts';

/**
 * Authorisers and admission read the API through the very server that asks them. Until they are set, only the server itself
 * (`system:masters`) gets in, and nothing is admitted beyond what it writes.
 */
export class LateAuthorizer implements Authorizer {
  readonly name = 'authorizers';
  #authorizer: Authorizer = privilegedGroups;

  set(authorizer: Authorizer): void {
    this.#authorizer = authorizer;
  }

  authorize(user: UserInfo, info: RequestInfo): Decision {
    return this.#authorizer.authorize(user, info);
  }
}

/** The admission chain as one plugin, in its order: every `admit`, then every `validate`. */
export class LateAdmission implements AdmissionPlugin {
  readonly name = 'admission';
  #plugins: readonly AdmissionPlugin[] = [];

  set(plugins: readonly AdmissionPlugin[]): void {
    this.#plugins = plugins;
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#plugins) await plugin.admit?.(attributes);
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#plugins) await plugin.validate?.(attributes);
  }
}
