import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, required } from '../../machinery/field-errors.ts';
import { nameIsDnsSubdomain, qualifiedName } from '../../machinery/names.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import { volumeAttributesClasses } from '../schema/resource-types.generated.ts';
import type { VolumeAttributesClass } from '../schema/storage-v1.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { validateParameters } from './parameters.ts';

/** Attributes of volumes that a driver can change while they are in use (KEP-3751). */
export const volumeAttributesClassDefinition = define<VolumeAttributesClass>(volumeAttributesClasses, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/volumeattributesclasses/' },
  validateName: nameIsDnsSubdomain,
  validate,
  validateUpdate(object, old, errors) {
    for (const field of ['driverName', 'parameters'] as const)
      if (!equal(object[field], old[field])) errors.push(forbidden(field, `updates to ${field} are forbidden.`));
    validate(object, errors);
  },
  returnsDeletedObject: true,
  row: ({ metadata, driverName }, now) => [metadata.name ?? '', driverName, ageSince(metadata.creationTimestamp, now)],
});

function validate({ driverName, parameters = {} }: VolumeAttributesClass, errors: FieldError[]): void {
  if (driverName) applyRule(qualifiedName, driverName.toLowerCase(), 'driverName', errors);
  else errors.push(required('driverName'));
  validateParameters(parameters, errors);
  if (Object.keys(parameters).length === 0)
    errors.push(required('parameters', 'must contain at least one key/value pair'));
}
