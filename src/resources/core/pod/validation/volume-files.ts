import type { FieldError } from '../../../../machinery/field-error.ts';
import { invalid, required } from '../../../../machinery/field-errors.ts';
import type { DownwardAPIVolumeFile, KeyToPath } from '../../../schema/core-v1.generated.ts';
import { validateFieldRef, validateResourceFieldRef, volumeFields } from './field-references.ts';
import { validateFileMode, validateFilePath } from './paths.ts';

/** Which keys become which files. */
export function validateItems(items: readonly KeyToPath[], path: string, errors: FieldError[]): void {
  for (const [index, item] of items.entries()) {
    const place = `${path}[${index}]`;
    if (!item.key) errors.push(required(`${place}.key`));
    if (!item.path) errors.push(required(`${place}.path`));
    validateFilePath(item.path ?? '', `${place}.path`, errors);
    validateFileMode(item.mode, `${place}.mode`, errors);
  }
}

/** One file of fields; Kubernetes does not say which one of the list is wrong. */
export function validateDownwardFile(file: DownwardAPIVolumeFile, path: string, errors: FieldError[]): void {
  if (!file.path) errors.push(required(`${path}.path`));
  validateFilePath(file.path ?? '', `${path}.path`, errors);
  if (file.fieldRef !== undefined) {
    validateFieldRef(file.fieldRef, volumeFields, `${path}.fieldRef`, errors);
    if (file.resourceFieldRef !== undefined)
      errors.push(invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
  } else if (file.resourceFieldRef !== undefined)
    validateResourceFieldRef(file.resourceFieldRef, true, `${path}.resourceFieldRef`, errors);
  else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
  validateFileMode(file.mode, `${path}.mode`, errors);
}
