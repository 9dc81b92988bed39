import type { Job } from '../../resources/schema/batch-v1.generated.ts';
import { byController, controllerIndex, withoutManagedFields } from '../runtime/projections.ts';

/** How jobs are asked for. */
export const jobInformer = {
  projection: withoutManagedFields<Job>,
  indexes: { [byController]: controllerIndex },
};
