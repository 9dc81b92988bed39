import type { Draft } from '../../../machinery/object.ts';
import type { Pod } from '../../schema/core-v1.generated.ts';
import { shared } from '../../shared.ts';
import { dropDisabledFields } from './drop-disabled-fields.ts';
import { mirrorServiceAccount } from './pod-defaults.ts';

/** Status belongs to the status subresource. */
export function preparePodForUpdate(pod: Draft<Pod>, old: Pod): void {
  pod.status = shared(old.status ?? {});
  if (pod.spec === undefined) return;
  mirrorServiceAccount(pod.spec);
  dropDisabledFields(pod.spec);
}
