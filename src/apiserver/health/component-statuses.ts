import type { Environment } from '../../machinery/environment/environment.ts';
import { notFound } from '../../machinery/status-errors.ts';
import { untilAborted } from '../../machinery/until-aborted.ts';
import type { ComponentStatus } from '../../resources/schema/core-v1.generated.ts';
import { componentStatuses as resource } from '../../resources/schema/resource-types.generated.ts';
import type { ComputedHandler } from '../registry/extension-points.ts';
import type { HealthCheck } from './health-check.ts';

/** As long as a part may take to say how it is. */
const patienceMs = 20_000;

/** The parts of the control plane as `kubectl get componentstatuses` lists them, each looked at when it is asked for. */
export function componentStatuses(
  checks: readonly HealthCheck[],
  environment: Pick<Environment, 'deadline'>,
): ComputedHandler {
  const statusOf = async (part: HealthCheck): Promise<ComponentStatus> => {
    const { name } = part;
    const deadline = environment.deadline(patienceMs);
    try {
      await untilAborted(
        Promise.try(() => part.check(deadline.signal)),
        deadline.signal,
      );
      return { metadata: { name }, conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }] };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { metadata: { name }, conditions: [{ type: 'Healthy', status: 'False', error: why }] };
    } finally {
      deadline.cancel();
    }
  };
  return {
    resource,
    async get({ name }) {
      const check = checks.find((each) => each.name === name);
      // The only resource that Kubernetes names in the singular here.
      if (check === undefined) throw notFound({ group: '', resource: 'componentstatus' }, name);
      return statusOf(check);
    },
    list: () => Promise.all(checks.map(statusOf)),
  };
}
