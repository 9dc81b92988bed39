import { goJson } from '../../machinery/go-text.ts';
import { goValue } from './go-value.ts';
import { unifiedDiff } from './unified-diff.ts';

/** How two values of a type differ, line by line in the form in which Kubernetes shows values. */
export function specDiff(old: unknown, value: unknown, typeName: string): string {
  return unifiedDiff(indented(goValue(old, typeName)), indented(goValue(value, typeName)));
}

function indented(value: unknown): string {
  return JSON.stringify(value, undefined, 1).replaceAll(/[<>&]/g, (character) => goJson(character).slice(1, -1));
}
