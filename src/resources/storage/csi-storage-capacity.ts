import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import { validateLabelSelector } from '../../machinery/label-selector.ts';
import { dnsSubdomain, nameIsDnsSubdomain } from '../../machinery/names.ts';
import { formatQuantity, parseQuantity } from '../../machinery/quantity.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import { csiStorageCapacities } from '../schema/resource-types.generated.ts';
import type { CSIStorageCapacity } from '../schema/storage-v1.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { goValue } from '../validation/go-value.ts';

/** How much room a driver has for volumes of a class in one part of the cluster (KEP-1472). */
export const csiStorageCapacityDefinition = define<CSIStorageCapacity>(csiStorageCapacities, {
  storage: { keyPrefix: '/registry/csistoragecapacities/' },
  validateName: nameIsDnsSubdomain,
  validate({ nodeTopology, storageClassName, capacity }, errors) {
    errors.push(...validateLabelSelector(nodeTopology, 'nodeTopology'));
    applyRule(dnsSubdomain, storageClassName, 'storageClassName', errors);
    if (capacity !== undefined) validateNotBelowNothing(capacity, 'capacity', errors);
  },
  validateUpdate({ nodeTopology, storageClassName, capacity }, old, errors) {
    const immutable = 'field is immutable';
    if (!equal(nodeTopology, old.nodeTopology)) {
      const shown = nodeTopology === undefined ? null : goValue(nodeTopology, 'meta.v1.LabelSelector');
      errors.push(invalid('nodeTopology', shown, immutable));
    }
    if (storageClassName !== old.storageClassName)
      errors.push(invalid('storageClassName', storageClassName, immutable));
    if (capacity !== undefined) validateNotBelowNothing(capacity, 'capacity', errors);
  },
  unconditionalUpdate: false,
  row: ({ metadata }) => [metadata.name ?? '', metadata.creationTimestamp ?? ''],
});

function validateNotBelowNothing(value: string | number, path: string, errors: FieldError[]): void {
  const amount = parseQuantity(value);
  if (amount.unscaled < 0n) errors.push(invalid(path, formatQuantity(amount), 'must be greater than or equal to 0'));
}
