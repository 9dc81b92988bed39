import { parseQuantity } from '../../../machinery/quantity.ts';
import type { PersistentVolumeClaimSpec } from '../../schema/core-v1.generated.ts';
import { isWhole } from '../../validation/quantity-rules.ts';

/** What is odd about a claim, or about the template of one. */
export function claimSpecWarnings(spec: PersistentVolumeClaimSpec | undefined, path: string): readonly string[] {
  return (['requests', 'limits'] as const).flatMap((list) => {
    const amount = spec?.resources?.[list]?.['storage'];
    if (amount === undefined || isWhole(parseQuantity(amount))) return [];
    return [`${path}.resources.${list}[storage]: fractional byte value "${amount}" is invalid, must be an integer`];
  });
}
