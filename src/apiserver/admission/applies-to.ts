import { groupResource, type ResourceType } from '../../machinery/resource-type.ts';
import type { AdmissionAttributes } from './plugin.ts';

/** Whether the write is to this resource, whatever its version, and to this subresource (the object itself unless given). */
export function appliesTo(
  { type, subresource }: AdmissionAttributes,
  wanted: ResourceType,
  wantedSubresource = '',
): boolean {
  return subresource === wantedSubresource && groupResource(type) === groupResource(wanted);
}
