import type { MountTableEntry } from './mount-table.ts';

/** One mounted tree of cgroups. */
export interface CgroupHierarchy {
  readonly path: string;
  /** Of v1: `cpu`, `memory`, `name=systemd`, ... Empty for v2, which says what it has in `cgroup.controllers`. */
  readonly controllers: readonly string[];
  readonly version: 1 | 2;
}

const flags = new Set(['rw', 'ro', 'xattr', 'clone_children', 'noprefix', 'release_agent', 'nsdelegate', 'seclabel']);

/** What of the mount table are cgroups. With v1 a v2 tree without controllers may stand beside the others (`hybrid`). */
export function cgroupHierarchies(mounts: readonly MountTableEntry[]): readonly CgroupHierarchy[] {
  const found = new Map<string, CgroupHierarchy>();
  for (const mount of mounts) {
    if (mount.type === 'cgroup2') {
      found.set('cgroup2', { path: mount.mountPoint, controllers: [], version: 2 });
    } else if (mount.type === 'cgroup') {
      const controllers = mount.superOptions.filter((option) => !flags.has(option.split('=')[0] ?? ''));
      found.set(controllers.join(','), { path: mount.mountPoint, controllers, version: 1 });
    }
  }
  return [...found.values()];
}

/** The version that has the controllers. */
export function cgroupVersion(hierarchies: readonly CgroupHierarchy[]): 1 | 2 {
  return hierarchies.some((each) => each.version === 1 && !each.controllers[0]?.startsWith('name=')) ? 1 : 2;
}
