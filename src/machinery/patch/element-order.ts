/**
 * Orders a merged list (strategic merge): what the patch names comes in the patch's order, what only the server has keeps its own, and
 * the two are woven together as they stood on the server; where that says nothing, what the patch names comes first.
 * `mergeKey`: what identifies an element that is a map; empty for scalars.
 */
export function orderMerged(
  merged: readonly unknown[],
  patchOrder: readonly unknown[],
  serverOrder: readonly unknown[],
  mergeKey: string,
): unknown[] {
  const identity = (element: unknown) =>
    mergeKey === '' ? element : (element as Readonly<Record<string, unknown>>)[mergeKey];
  const patchRank = ranks(patchOrder.map(identity));
  const serverRank = ranks(serverOrder.map(identity));
  const sorted = (elements: readonly unknown[], rank: ReadonlyMap<unknown, number>) =>
    sortByRank(elements, (element) => rank.get(identity(element)));
  const named = sorted(
    merged.filter((element) => patchRank.has(identity(element))),
    patchRank,
  );
  const others = sorted(
    merged.filter((element) => !patchRank.has(identity(element))),
    serverRank,
  );
  const result: unknown[] = [];
  let [other, next] = [0, 0];
  while (other < others.length && next < named.length) {
    const left = serverRank.get(identity(others[other]));
    const right = serverRank.get(identity(named[next]));
    const otherFirst = left !== undefined && right !== undefined && left < right;
    result.push(otherFirst ? others[other++] : named[next++]);
  }
  return [...result, ...others.slice(other), ...named.slice(next)];
}

/** The position of the first occurrence of each. */
function ranks(identities: readonly unknown[]): ReadonlyMap<unknown, number> {
  const result = new Map<unknown, number>();
  for (const [index, identity] of identities.entries()) if (!result.has(identity)) result.set(identity, index);
  return result;
}

/**
 * A stable sort in which an element without a rank goes before any other that it meets on its way to the front: the order that
 * Kubernetes' comparison gives, which says nothing of such elements.
 */
function sortByRank(elements: readonly unknown[], rankOf: (element: unknown) => number | undefined): unknown[] {
  const result: unknown[] = [];
  const order: (number | undefined)[] = [];
  for (const element of elements) {
    const rank = rankOf(element);
    let at = result.length;
    while (at > 0) {
      const before = order[at - 1];
      if (rank !== undefined && before !== undefined && before <= rank) break;
      at--;
    }
    result.splice(at, 0, element);
    order.splice(at, 0, rank);
  }
  return result;
}
