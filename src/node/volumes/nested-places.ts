import type { Pod } from '../../resources/schema/core-v1.generated.ts';

/** Where in a volume containers of the pod mount others, relative to it: `a/b` for mounts at `/data` and `/data/a/b`. */
export function nestedPlaces({ spec }: Pod, volume: string): ReadonlySet<string> {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec ?? {};
  const places = new Set<string>();
  for (const { volumeMounts = [] } of [...initContainers, ...containers, ...ephemeralContainers])
    for (const { name, mountPath, subPath = '', subPathExpr = '' } of volumeMounts) {
      if (name !== volume || subPath !== '' || subPathExpr !== '') continue;
      const outer = `${tidy(mountPath)}/`;
      for (const inner of volumeMounts.map((each) => tidy(each.mountPath)))
        if (inner.startsWith(outer)) places.add(inner.slice(outer.length));
    }
  return places;
}

function tidy(path: string): string {
  return `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
}
