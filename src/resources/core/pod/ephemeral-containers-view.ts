import type { FieldError } from '../../../machinery/field-error.ts';
import { forbidden } from '../../../machinery/field-errors.ts';
import { quote } from '../../../machinery/go-text.ts';
import type { Draft } from '../../../machinery/object.ts';
import type { StatusRules } from '../../define.ts';
import { equal } from '../../equal.ts';
import { keepMetadata } from '../../keep-metadata.ts';
import type { Pod, PodSpec } from '../../schema/core-v1.generated.ts';
import { shared } from '../../shared.ts';
import { specDiff } from '../../validation/spec-diff.ts';
import { dropDisabledFields } from './drop-disabled-fields.ts';
import { validatePod } from './validation/pod.ts';
import { validateAnnotationUpdate } from './validation/pod-update.ts';

const emptySpec: PodSpec = { containers: [] };
const mirrorPod = 'kubernetes.io/config.mirror';
const path = 'spec.ephemeralContainers';

/** `pods/ephemeralcontainers` (KEP-277): containers may come, and none that is there may change or go. */
export const ephemeralContainersView: StatusRules<Pod> = {
  prepareForUpdate(pod: Draft<Pod>, old: Pod): void {
    const ephemeralContainers = pod.spec?.ephemeralContainers;
    const spec: Draft<PodSpec> = { ...shared(old.spec ?? emptySpec) };
    if (ephemeralContainers === undefined) delete spec.ephemeralContainers;
    else spec.ephemeralContainers = ephemeralContainers;
    dropDisabledFields(spec);
    pod.spec = spec;
    pod.status = shared(old.status ?? {});
    keepMetadata(pod, old);
  },

  validateUpdate(pod: Pod, old: Pod, errors: FieldError[]): void {
    if (old.metadata.annotations?.[mirrorPod] !== undefined) {
      errors.push(forbidden('[]', 'static pods do not support ephemeral containers'));
      return;
    }
    validatePod(pod, errors);
    validateAnnotationUpdate(pod, old, errors);
    const now = new Map(pod.spec?.ephemeralContainers?.map((container) => [container.name, container]));
    for (const before of old.spec?.ephemeralContainers ?? []) {
      const after = now.get(before.name);
      const which = `existing ephemeral containers ${quote(before.name)}`;
      if (after === undefined) errors.push(forbidden(path, `${which} may not be removed\n`));
      else if (!equal(before, after)) {
        const difference = specDiff(before, after, 'core.v1.EphemeralContainer');
        errors.push(forbidden(path, `${which} may not be changed\n${difference}`));
      }
    }
  },
};
