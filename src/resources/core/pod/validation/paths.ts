import type { FieldError } from '../../../../machinery/field-error.ts';
import { invalid } from '../../../../machinery/field-errors.ts';

export function validateNoBacksteps(target: string, path: string, errors: FieldError[]): void {
  if (target.split('/').includes('..')) errors.push(invalid(path, target, "must not contain '..'"));
}

/** A relative path that does not leave the folder it starts in. */
export function validateDescendingPath(target: string, path: string, errors: FieldError[]): void {
  if (target.startsWith('/')) errors.push(invalid(path, target, 'must be a relative path'));
  validateNoBacksteps(target, path, errors);
}

/** The same for files of a volume, where names that start with two dots are Kubernetes' own. */
export function validateFilePath(target: string, path: string, errors: FieldError[]): void {
  validateDescendingPath(target, path, errors);
  if (target.startsWith('..') && !target.split('/').includes('..'))
    errors.push(invalid(path, target, "must not start with '..'"));
}

/** Permission bits of a file. */
export function validateFileMode(mode: number | undefined, path: string, errors: FieldError[]): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777))
    errors.push(invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive'));
}
