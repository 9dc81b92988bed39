import type { Reader } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { isReason, StatusError } from '../../machinery/status-error.ts';
import { forbiddenRequest, internalError } from '../../machinery/status-errors.ts';
import type { Namespace } from '../../resources/schema/core-v1.generated.ts';
import { localSubjectAccessReviews, namespaces } from '../../resources/schema/resource-types.generated.ts';
import { RecentMap } from '../authn/recent-map.ts';
import { admissionForbidden } from './admission-forbidden.ts';
import { appliesTo } from './applies-to.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

export interface NamespaceLifecycleOptions {
  readonly namespaces: Informer<Namespace>;
  /** Asked where the informer may be behind. */
  readonly reader: Reader;
  readonly environment: Environment;
}

const immortal: readonly string[] = ['default', 'kube-system', 'kube-public'];

/** For so long after a delete the informer is not believed when it says that the namespace is active. */
const distrustMs = 30_000;

/** Nothing new is created in a namespace that does not exist or is being terminated; system namespaces are not deleted. */
export class NamespaceLifecycle implements AdmissionPlugin {
  readonly name = 'NamespaceLifecycle';
  readonly #options: NamespaceLifecycleOptions;
  /** By namespace: until when a delete is fresh, by the monotonic clock. */
  readonly #deleted = new RecentMap<string, number>(1000);

  constructor(options: NamespaceLifecycleOptions) {
    this.#options = options;
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    const { operation, type, name, namespace } = attributes;
    if (type.group === '' && type.resource === 'namespaces') {
      if (operation !== 'DELETE') return;
      if (immortal.includes(name)) throw forbiddenRequest(type, name, 'this namespace may not be deleted');
      this.#deleted.set(name, this.#options.environment.monotonic() + distrustMs);
      return;
    }
    if (namespace === '' || operation === 'DELETE' || operation === 'UPDATE') return;
    // Telling a user about the namespace in an answer about permissions would be a leak.
    if (appliesTo(attributes, localSubjectAccessReviews)) return;
    const phase = (await this.#namespace(namespace)).status?.phase;
    if (operation === 'CREATE' && phase === 'Terminating') throw terminating(attributes);
  }

  async #namespace(name: string): Promise<Namespace> {
    const { namespaces: informer, reader, environment } = this.#options;
    const known = informer.get(name);
    const fresh = environment.monotonic() >= (this.#deleted.get(name) ?? 0);
    if (known !== undefined && (fresh || known.status?.phase !== 'Active')) return known;
    try {
      return await reader.get(namespaces, { name });
    } catch (error) {
      if (isReason(error, 'NotFound')) throw error;
      throw internalError(error);
    }
  }
}

/** Controllers tell this refusal from others by its cause. */
function terminating(attributes: AdmissionAttributes): StatusError {
  const { namespace } = attributes;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const { status } = admissionForbidden(attributes, why);
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  return new StatusError({ ...status, details: { ...status.details, causes: [cause] } });
}
