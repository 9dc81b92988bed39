/** Parts of a node that have a right of their own, beside that to the whole of its API (KEP-2862). */
const fine = [
  ['/pods', 'pods'],
  ['/healthz', 'healthz'],
  ['/configz', 'configz'],
  ['/runningpods', 'pods'],
] as const;
const apart = [
  ['/stats', 'stats'],
  ['/metrics', 'metrics'],
  ['/logs', 'log'],
] as const;

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** What somebody has to be allowed who makes a request of a node: the verb, on any of these subresources of it. */
export interface RequestAttributes {
  readonly verb: string;
  readonly subresources: readonly string[];
}

export function requestAttributes(method: string, path: string): RequestAttributes {
  const plain = path.split('?', 1)[0] ?? '';
  const within = ([root]: readonly [string, string]) => plain === root || plain.startsWith(`${root}/`);
  const rights = fine.filter(within).map(([, subresource]) => subresource);
  return { verb: verbs[method] ?? '', subresources: [...rights, apart.find(within)?.[1] ?? 'proxy'] };
}
