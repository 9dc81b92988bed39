import type { FieldError } from '../../machinery/field-error.ts';
import { duplicate, invalid, required } from '../../machinery/field-errors.ts';
import { nameIsDnsSubdomain, qualifiedName } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { validateCsiDriverName } from '../core/pod/validation/volume-sources.ts';
import { define } from '../define.ts';
import { keepingMetadata } from '../keep-metadata.ts';
import { csiNodes } from '../schema/resource-types.generated.ts';
import type { CSINode, CSINodeDriver } from '../schema/storage-v1.generated.ts';
import { shared } from '../shared.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { goValue } from '../validation/go-value.ts';
import { validateImmutable } from '../validation/immutable.ts';
import { validateNonNegative } from '../validation/numbers.ts';

const maxNodeId = 256;

/** The CSI drivers of a node, by the names that they have for the node. */
export const csiNodeDefinition = define<CSINode>(csiNodes, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/csinodes/' },
  validateName: nameIsDnsSubdomain,
  prepareForCreate: dropStatus,
  prepareForUpdate: dropStatus,
  validate,
  validateUpdate(node, old, errors) {
    validate(node, errors);
    for (const before of old.spec.drivers ?? [])
      for (const driver of node.spec.drivers ?? [])
        if (driver.name === before.name) {
          const shown = goValue(fixed(driver), 'storage.v1.CSINodeDriver');
          validateImmutable(fixed(driver), fixed(before), 'spec.drivers', errors, shown);
        }
  },
  unconditionalUpdate: false,
  status: keepingMetadata({
    prepareForUpdate(node, old) {
      node.spec = shared(old.spec);
      dropStatus(node);
    },
  }),
  returnsDeletedObject: true,
  row: ({ metadata, spec }, now) => [
    metadata.name ?? '',
    spec.drivers?.length ?? 0,
    ageSince(metadata.creationTimestamp, now),
  ],
});

/** All that status tells belongs to a feature, CSIVolumeHealth, that is not on by default. */
function dropStatus(node: Draft<CSINode>): void {
  node.status = {};
}

/** How many volumes the node takes is all that may change of a driver. */
function fixed({ allocatable, topologyKeys, ...driver }: CSINodeDriver): CSINodeDriver {
  return { ...driver, topologyKeys: topologyKeys?.length ? topologyKeys : null };
}

function validate({ spec }: CSINode, errors: FieldError[]): void {
  const names = new Set<string>();
  for (const [index, driver] of (spec.drivers ?? []).entries()) {
    const path = `spec.drivers[${index}]`;
    validateCsiDriverName(driver.name, `${path}.name`, errors);
    validateNodeId(driver.nodeID, `${path}.nodeID`, errors);
    validateNonNegative(driver.allocatable?.count, `${path}.allocatable.count`, errors);
    if (names.has(driver.name)) errors.push(duplicate(`${path}.name`, driver.name));
    names.add(driver.name);
    validateTopologyKeys(driver.topologyKeys ?? [], path, errors);
  }
}

function validateNodeId(id: string, path: string, errors: FieldError[]): void {
  if (!id) errors.push(required(path));
  else if (id.length > maxNodeId) errors.push(invalid(path, id, `must be ${maxNodeId} characters or less`));
}

function validateTopologyKeys(keys: readonly string[], path: string, errors: FieldError[]): void {
  const seen = new Set<string>();
  for (const key of keys) {
    if (key === '') errors.push(required(path));
    if (seen.has(key)) errors.push(duplicate(path, key));
    seen.add(key);
    applyRule(qualifiedName, key, path, errors);
  }
}
