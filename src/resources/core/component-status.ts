import { define } from '../define.ts';
import { componentStatuses } from '../schema/resource-types.generated.ts';

/** How a part of the control plane is, looked up when it is asked for: it is never stored. */
export const componentStatusDefinition = define(componentStatuses, {
  validateName: () => [],
  deprecationWarning: 'v1 ComponentStatus is deprecated in v1.19+',
  row({ metadata, conditions = [] }) {
    const healthy = conditions.find(({ type }) => type === 'Healthy');
    const status = healthy?.status === 'True' ? 'Healthy' : 'Unhealthy';
    return [metadata.name ?? '', healthy ? status : 'Unknown', healthy?.message ?? '', healthy?.error ?? ''];
  },
});
