import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import { qualifiedName } from '../../machinery/names.ts';
import { applyRule } from './apply-rule.ts';

const standard = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** A finalizer of Kubernetes itself, or a qualified name with a prefix. */
export function validateFinalizerName(name: string, path: string, errors: FieldError[]): void {
  applyRule(qualifiedName, name, path, errors);
  if (!name.includes('/') && !standard.has(name))
    errors.push(invalid(path, name, 'name is neither a standard finalizer name nor is it fully qualified'));
}
