import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  quantityOf,
  subtractQuantities,
} from '../../../machinery/quantity.ts';

/** Amounts by the name of what is limited. */
export type Amounts = ReadonlyMap<string, Quantity>;

export type AmountList = { readonly [name: string]: string | number } | undefined;

export const one = quantityOf(1);
const zero = quantityOf(0);

export function readAmounts(list: AmountList): Amounts {
  return new Map(Object.entries(list ?? {}).map(([name, amount]) => [name, parseQuantity(amount)]));
}

export function writeAmounts(amounts: Amounts): Record<string, string> {
  const names = [...amounts.keys()].sort();
  return Object.fromEntries(names.map((name) => [name, formatQuantity(amounts.get(name) ?? zero)]));
}

export function addAmounts(a: Amounts, b: Amounts): Amounts {
  const sum = new Map(a);
  for (const [name, amount] of b) {
    const before = sum.get(name);
    sum.set(name, before === undefined ? amount : addQuantities(before, amount));
  }
  return sum;
}

/** What of each is more in `a` than in `b`. */
export function excessAmounts(a: Amounts, b: Amounts): Amounts {
  const excess = new Map<string, Quantity>();
  for (const [name, amount] of a) {
    const rest = subtractQuantities(amount, b.get(name) ?? zero);
    if (rest.unscaled > 0n) excess.set(name, rest);
  }
  return excess;
}

export function onlyNamed(amounts: Amounts, names: Iterable<string>): Amounts {
  const wanted = new Set(names);
  return new Map([...amounts].filter(([name]) => wanted.has(name)));
}

export function withoutZeros(amounts: Amounts): Amounts {
  return new Map([...amounts].filter(([, { unscaled }]) => unscaled !== 0n));
}

/** The names of which there is more than the limit. */
export function exceeding(amounts: Amounts, limits: Amounts): readonly string[] {
  return [...limits].flatMap(([name, limit]) => {
    const amount = amounts.get(name);
    return amount !== undefined && compareQuantities(amount, limit) > 0 ? [name] : [];
  });
}
