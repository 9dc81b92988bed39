import type { StatusError } from '../../machinery/status-error.ts';
import { forbiddenRequest } from '../../machinery/status-errors.ts';
import type { AdmissionAttributes } from './plugin.ts';

/** What a plugin refuses: names the object as the user knows it, by its generateName while it has no other. */
export function admissionForbidden(attributes: AdmissionAttributes, why: string): StatusError {
  const { name, object, type } = attributes;
  const given = name || object?.metadata.name || object?.metadata.generateName;
  return forbiddenRequest(type, given || (object === undefined ? '' : 'Unknown'), why);
}
