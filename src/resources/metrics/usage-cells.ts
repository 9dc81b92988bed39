import { addQuantities, formatQuantity, parseQuantity, quantityOf } from '../../machinery/quantity.ts';
import type { Cell } from '../definition.ts';

type Usage = Readonly<Record<string, string | number>>;

const measuredResources = ['cpu', 'memory', 'swap'];

/** What some things use in all, a cell for each resource. */
export function usageCells(usages: readonly Usage[]): readonly Cell[] {
  return measuredResources.map((resource) => {
    const amounts = usages.flatMap((usage) => usage[resource] ?? []).map(parseQuantity);
    const [first = quantityOf(0), ...others] = amounts;
    return formatQuantity(others.reduce(addQuantities, first));
  });
}
