import { validateLabelSelector } from '../../machinery/label-selector.ts';
import { dnsSubdomain, nameIsDnsSubdomain } from '../../machinery/names.ts';
import { define } from '../define.ts';
import { csiStorageCapacities } from '../schema/resource-types.generated.ts';
import type { CSIStorageCapacity } from '../schema/storage-v1.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { goValue } from '../validation/go-value.ts';
import { validateImmutable } from '../validation/immutable.ts';
import { validateNonNegativeQuantity } from '../validation/quantity-rules.ts';

/** How much room a driver has for volumes of a class in one part of the cluster (KEP-1472). */
export const csiStorageCapacityDefinition = define<CSIStorageCapacity>(csiStorageCapacities, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/csistoragecapacities/' },
  validateName: nameIsDnsSubdomain,
  validate({ nodeTopology, storageClassName, capacity }, errors) {
    errors.push(...validateLabelSelector(nodeTopology, 'nodeTopology'));
    applyRule(dnsSubdomain, storageClassName, 'storageClassName', errors);
    if (capacity !== undefined) validateNonNegativeQuantity(capacity, 'capacity', errors);
  },
  validateUpdate({ nodeTopology, storageClassName, capacity }, old, errors) {
    const shown = nodeTopology === undefined ? null : goValue(nodeTopology, 'meta.v1.LabelSelector');
    validateImmutable(nodeTopology, old.nodeTopology, 'nodeTopology', errors, shown);
    validateImmutable(storageClassName, old.storageClassName, 'storageClassName', errors);
    if (capacity !== undefined) validateNonNegativeQuantity(capacity, 'capacity', errors);
  },
  unconditionalUpdate: false,
  row: ({ metadata }) => [metadata.name ?? '', metadata.creationTimestamp ?? ''],
});
