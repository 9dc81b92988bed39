import { quote } from '../go-text.ts';
import type { StatusError } from '../status-error.ts';
import { applyConflict } from '../status-errors.ts';
import { canonicalFields, type Fields, forEachField } from './fields.ts';
import type { Manager } from './managers.ts';
import { pathText } from './path-element.ts';

/** Fields that somebody else owns and that an apply would change. */
export interface Conflict {
  readonly manager: Manager;
  readonly fields: Fields;
}

/** 409 with a cause for each contested field, worded as kubectl shows it. Managers in order of their names. */
export function conflictError(conflicts: readonly Conflict[]): StatusError {
  const contested = conflicts
    .map(({ manager, fields }) => ({ owner: describe(manager), paths: pathsOf(fields) }))
    .sort((a, b) => (a.owner < b.owner ? -1 : 1));
  const causes = contested.flatMap(({ owner, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${owner}`, field })),
  );
  const [only] = causes;
  if (only !== undefined && causes.length === 1)
    return applyConflict(causes, `Apply failed with 1 conflict: ${only.message}: ${only.field}`);
  const lines = contested.flatMap(({ owner, paths }) => [
    `conflicts with ${owner}:`,
    ...paths.map((path) => `- ${path}`),
  ]);
  return applyConflict(causes, `Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`);
}

function pathsOf(fields: Fields): readonly string[] {
  const paths: string[] = [];
  forEachField(canonicalFields(fields), (path) => paths.push(pathText(path)));
  return paths;
}

/** `"kubectl" with subresource "scale" using apps/v1`; who applied is known by name alone. */
function describe(manager: Manager): string {
  const subresource = manager.subresource === '' ? '' : ` with subresource ${quote(manager.subresource)}`;
  const version = manager.operation === 'Update' ? ` using ${manager.apiVersion}` : '';
  return `${quote(manager.name)}${subresource}${version}`;
}
