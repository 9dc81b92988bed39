import type { FieldError } from './field-error.ts';
import { forbidden, indexPath, invalid, notSupported, required, tooLong } from './field-errors.ts';
import { byteLength, isPrintable, quote } from './go-text.ts';
import { dnsLabel, labelValueRule, type NameValidator, qualifiedName } from './names.ts';
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from './object.ts';

export interface ObjectMetaRules {
  readonly namespaced: boolean;
  readonly validateName: NameValidator;
  /** Custom resources may have finalizers without a domain; built-in kinds may not. */
  readonly anyFinalizer?: boolean;
}

const immutableFieldMessage = 'field is immutable';
const maxAnnotationBytes = 256 * 1024;
const maxManagerBytes = 128;
const maxSubresourceBytes = 256;
const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** What is wrong with the metadata of an object that is about to be created. Its name has been generated already. */
export function validateObjectMeta(meta: ObjectMeta, rules: ObjectMetaRules, path = 'metadata'): FieldError[] {
  const errors: FieldError[] = [];
  const { generateName = '', name = '', namespace = '', finalizers = [] } = meta;
  if (generateName !== '') {
    for (const message of rules.validateName(generateName, true))
      errors.push(invalid(`${path}.generateName`, generateName, message));
  }
  if (name === '') errors.push(required(`${path}.name`, 'name or generateName is required'));
  else for (const message of rules.validateName(name, false)) errors.push(invalid(`${path}.name`, name, message));
  if (!rules.namespaced) {
    if (namespace !== '') errors.push(forbidden(`${path}.namespace`, 'not allowed on this type'));
  } else if (namespace === '') errors.push(required(`${path}.namespace`));
  else for (const message of dnsLabel(namespace)) errors.push(invalid(`${path}.namespace`, namespace, message));
  validateGeneration(meta, path, errors);
  validateCommon(meta, path, errors);
  if (rules.anyFinalizer !== true) validateStandardFinalizers(finalizers, `${path}.finalizers`, errors);
  return errors;
}

/** What is wrong with the metadata of an update: the same rules where they can have changed, and what may not change. */
export function validateObjectMetaUpdate(
  meta: ObjectMeta,
  old: ObjectMeta,
  options: { readonly anyFinalizer?: boolean } = {},
  path = 'metadata',
): FieldError[] {
  const errors: FieldError[] = [];
  const finalizers = meta.finalizers ?? [];
  if ((old.deletionTimestamp ?? null) !== null) {
    const added = [...new Set(finalizers)].filter((each) => !(old.finalizers ?? []).includes(each)).sort();
    const list = `[]string{${added.map(quote).join(', ')}}`;
    const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
    if (added.length > 0) errors.push(forbidden(`${path}.finalizers`, detail));
  }
  if ((meta.resourceVersion ?? '') === '')
    errors.push(invalid(`${path}.resourceVersion`, '', 'must be specified for an update'));
  validateGeneration(meta, path, errors);
  const generation = meta.generation ?? 0;
  if (generation < (old.generation ?? 0))
    errors.push(invalid(`${path}.generation`, generation, 'must not be decremented'));
  for (const field of ['name', 'namespace', 'uid'] as const) {
    const value = meta[field] ?? '';
    if (value !== (old[field] ?? '')) errors.push(invalid(`${path}.${field}`, value, immutableFieldMessage));
  }
  for (const field of ['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    const value = meta[field] ?? null;
    if (value !== (old[field] ?? null)) errors.push(invalid(`${path}.${field}`, value, immutableFieldMessage));
  }
  validateCommon(meta, path, errors);
  if (options.anyFinalizer !== true) validateStandardFinalizers(finalizers, `${path}.finalizers`, errors);
  return errors;
}

function validateGeneration(meta: ObjectMeta, path: string, errors: FieldError[]): void {
  const generation = meta.generation ?? 0;
  if (generation < 0) errors.push(invalid(`${path}.generation`, generation, 'must be greater than or equal to 0'));
}

function validateCommon(meta: ObjectMeta, path: string, errors: FieldError[]): void {
  if (meta.labels !== undefined) errors.push(...validateLabels(meta.labels, `${path}.labels`));
  if (meta.annotations !== undefined) errors.push(...validateAnnotations(meta.annotations, `${path}.annotations`));
  if (meta.ownerReferences !== undefined)
    validateOwnerReferences(meta.ownerReferences, `${path}.ownerReferences`, errors);
  validateFinalizers(meta.finalizers ?? [], `${path}.finalizers`, errors);
  if (meta.managedFields !== undefined)
    errors.push(...validateManagedFieldsEntries(meta.managedFields, `${path}.managedFields`));
}

/** Keys must be qualified names, values label values. Every error points at the whole map, as in Kubernetes. */
export function validateLabels(labels: Readonly<Record<string, string>>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const key in labels) {
    const value = labels[key] ?? '';
    errors.push(...validateLabelName(key, path));
    for (const message of labelValueRule(value)) errors.push(invalid(path, value, message));
  }
  return errors;
}

export function validateLabelName(key: string, path: string): FieldError[] {
  return qualifiedName(key).map((message) => invalid(path, key, message));
}

/** Keys are qualified names in any case; keys and values together may have 256 KiB. */
export function validateAnnotations(annotations: Readonly<Record<string, string>>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const key in annotations) {
    bytes += byteLength(key) + byteLength(annotations[key] ?? '');
    for (const message of qualifiedName(key.toLowerCase())) errors.push(invalid(path, key, message));
  }
  if (bytes > maxAnnotationBytes) errors.push(tooLong(path, maxAnnotationBytes));
  return errors;
}

function validateOwnerReferences(owners: readonly OwnerReference[], path: string, errors: FieldError[]): void {
  let controller: string | undefined;
  for (const [index, owner] of owners.entries()) {
    validateOwnerReference(owner, indexPath(path, index), errors);
    if (owner.controller !== true) continue;
    const name = `${owner.kind}/${owner.name}`;
    if (controller === undefined) controller = name;
    else {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
      errors.push(invalid(path, owners, detail));
    }
  }
}

function validateOwnerReference(owner: OwnerReference, path: string, errors: FieldError[]): void {
  const apiVersion = owner.apiVersion ?? '';
  const [version, ...rest] = apiVersion.split('/').reverse();
  if (apiVersion === '') errors.push(required(`${path}.apiVersion`, 'must not be empty'));
  else if (rest.length > 1 || version === '')
    errors.push(invalid(`${path}.apiVersion`, apiVersion, 'must be <group>/<version> or <version>'));
  for (const field of ['kind', 'name', 'uid'] as const)
    if ((owner[field] ?? '') === '') errors.push(required(`${path}.${field}`, 'must not be empty'));
  if (apiVersion === 'v1' && owner.kind === 'Event')
    errors.push(invalid(path, owner, '/v1, Kind=Event is disallowed from being an owner'));
}

function validateFinalizers(finalizers: readonly string[], path: string, errors: FieldError[]): void {
  for (const finalizer of finalizers)
    for (const message of qualifiedName(finalizer)) errors.push(invalid(path, finalizer, message));
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion'))
    errors.push(invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
}

function validateStandardFinalizers(finalizers: readonly string[], path: string, errors: FieldError[]): void {
  for (const [index, finalizer] of finalizers.entries()) {
    if (finalizer.includes('/') || standardFinalizers.has(finalizer)) continue;
    const detail = 'name is neither a standard finalizer name nor is it fully qualified';
    errors.push(invalid(indexPath(path, index), finalizer, detail));
  }
}

/** The list as a user may send it; its field sets are looked at when they are decoded. */
function validateManagedFieldsEntries(entries: readonly ManagedFieldsEntry[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, entry] of entries.entries()) {
    const at = indexPath(path, index);
    const { operation = '', fieldsType = '', manager = '', subresource = '' } = entry;
    if (operation === '') errors.push(required(`${at}.operation`, 'must not be empty'));
    else if (operation !== 'Apply' && operation !== 'Update')
      errors.push(notSupported(`${at}.operation`, operation, ['Apply', 'Update']));
    if (fieldsType !== '' && fieldsType !== 'FieldsV1')
      errors.push(invalid(`${at}.fieldsType`, fieldsType, 'must be `FieldsV1`'));
    errors.push(...validateFieldManager(manager, `${at}.manager`));
    if (byteLength(subresource) > maxSubresourceBytes) errors.push(tooLong(`${at}.subresource`, maxSubresourceBytes));
  }
  return errors;
}

/** The name of a field manager, from the query or from an entry: at most 128 bytes, printable. */
export function validateFieldManager(manager: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (byteLength(manager) > maxManagerBytes) errors.push(tooLong(path, maxManagerBytes));
  let position = 0;
  for (const character of manager) {
    if (!isPrintable(character)) {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      errors.push(invalid(path, manager, `invalid character U+${code} (at position ${position})`));
    }
    position += byteLength(character);
  }
  return errors;
}
