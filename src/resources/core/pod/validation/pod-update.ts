import type { FieldError } from '../../../../machinery/field-error.ts';
import type { Pod } from '../../../schema/core-v1.generated.ts';
import { validatePod } from './pod.ts';

export function validatePodUpdate(pod: Pod, _old: Pod, errors: FieldError[]): void {
  validatePod(pod, errors);
}
