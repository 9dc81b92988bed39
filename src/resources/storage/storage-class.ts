import type { FieldError } from '../../machinery/field-error.ts';
import { duplicate, notSupported, required } from '../../machinery/field-errors.ts';
import { nameIsDnsSubdomain, qualifiedName } from '../../machinery/names.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import type { TopologySelectorTerm } from '../schema/core-v1.generated.ts';
import { storageClasses } from '../schema/resource-types.generated.ts';
import type { StorageClass } from '../schema/storage-v1.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { validateImmutable } from '../validation/immutable.ts';
import { validateParameters } from './parameters.ts';

const reclaimPolicies = ['Delete', 'Retain'];
const bindingModes = ['Immediate', 'WaitForFirstConsumer'];

export const storageClassDefinition = define<StorageClass>(storageClasses, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/storageclasses/' },
  setDefaults(storageClass) {
    storageClass.reclaimPolicy ??= 'Delete';
    storageClass.volumeBindingMode ??= 'Immediate';
  },
  validateName: nameIsDnsSubdomain,
  validate,
  validateUpdate(storageClass, old, errors) {
    validate(storageClass, errors);
    for (const field of ['provisioner', 'parameters', 'reclaimPolicy', 'volumeBindingMode'] as const)
      validateImmutable(storageClass[field] ?? {}, old[field] ?? {}, field, errors, null);
  },
  returnsDeletedObject: true,
  row: ({ metadata, provisioner, reclaimPolicy, volumeBindingMode, allowVolumeExpansion }, now) => [
    metadata.name ?? '',
    provisioner,
    reclaimPolicy ?? 'Delete',
    volumeBindingMode ?? '<unset>',
    allowVolumeExpansion ?? false,
    ageSince(metadata.creationTimestamp, now),
  ],
});

function validate(storageClass: StorageClass, errors: FieldError[]): void {
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies } = storageClass;
  if (provisioner) applyRule(qualifiedName, provisioner.toLowerCase(), 'provisioner', errors);
  validateParameters(parameters ?? {}, errors);
  if (reclaimPolicy && !reclaimPolicies.includes(reclaimPolicy))
    errors.push(notSupported('reclaimPolicy', reclaimPolicy, reclaimPolicies));
  if (volumeBindingMode === undefined) errors.push(required('volumeBindingMode'));
  else if (!bindingModes.includes(volumeBindingMode))
    errors.push(notSupported('volumeBindingMode', volumeBindingMode, bindingModes));
  validateTopologies(allowedTopologies ?? [], errors);
  if (!provisioner) errors.push(required('provisioner'));
}

/** A term that asks for nothing counts as one that was there before. */
function validateTopologies(terms: readonly TopologySelectorTerm[], errors: FieldError[]): void {
  const seen = new Set([canonicalTerm({})]);
  terms.forEach((term, index) => {
    const path = `allowedTopologies[${index}].matchLabelExpressions`;
    const valid = validateTerm(term, path, errors);
    const form = canonicalTerm(term);
    if (valid && seen.has(form)) errors.push(duplicate(path, ''));
    seen.add(form);
  });
}

function validateTerm(term: TopologySelectorTerm, path: string, errors: FieldError[]): boolean {
  const before = errors.length;
  const keys = new Set<string>();
  term.matchLabelExpressions?.forEach(({ key, values }, index) => {
    const place = `${path}[${index}]`;
    if (values.length === 0) errors.push(required(`${place}.values`));
    const seen = new Set<string>();
    values.forEach((value, at) => {
      if (seen.has(value)) errors.push(duplicate(`${place}.values[${at}]`, value));
      seen.add(value);
    });
    applyRule(qualifiedName, key, `${place}.key`, errors);
    if (keys.has(key)) errors.push(duplicate(`${place}.key`, key));
    keys.add(key);
  });
  return errors.length === before;
}

/** Terms that ask for the same, in whatever order, have the same form. */
function canonicalTerm(term: TopologySelectorTerm): string {
  const pairs = (term.matchLabelExpressions ?? []).map(({ key, values }) => [key, [...values].sort()] as const);
  return JSON.stringify(pairs.sort(([one], [other]) => (one < other ? -1 : 1)));
}
