/** Makes a value at each call, but gives out the last object for as long as its members are the same: a new object means new connections. */
export function whileUnchanged<T extends object>(make: () => T): () => T {
  let last = make();
  return () => {
    const next = make();
    const keys = Object.keys(next) as (keyof T)[];
    if (keys.some((key) => next[key] !== last[key])) last = next;
    return last;
  };
}
