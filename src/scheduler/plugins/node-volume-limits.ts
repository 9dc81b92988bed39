import type { Lister } from '../../client/informer.ts';
import { claimNameOf } from '../../resources/core/pod/volume-claims.ts';
import { storageClassNameOf } from '../../resources/core/storage-class-name.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../resources/schema/core-v1.generated.ts';
import type { CSINode, StorageClass } from '../../resources/schema/storage-v1.generated.ts';
import { type Plugin, rejected } from '../framework.ts';

export interface NodeVolumeLimitsOptions {
  readonly claims: Lister<PersistentVolumeClaim>;
  readonly volumes: Lister<PersistentVolume>;
  readonly classes: Lister<StorageClass>;
  readonly csiNodes: Lister<CSINode>;
}

const name = 'NodeVolumeLimits';

/** The driver of each volume, by what tells it from others. */
type DriverOf = Map<string, string>;

/** Keeps nodes from getting more volumes of a CSI driver than their CSINode says that they can have. */
export function nodeVolumeLimits(options: NodeVolumeLimitsOptions): Plugin {
  return {
    name,
    retryOn: ['NodeAdded', 'PodDeleted', 'VolumesChanged', 'PodUpdated'],
    preFilter(state, { pod }) {
      const wanted: DriverOf = new Map();
      addVolumes(wanted, pod, options);
      if (wanted.size === 0) return 'skip';
      state.set(name, wanted);
      return undefined;
    },
    filter(state, _pod, node) {
      const drivers = options.csiNodes.get(node.name)?.spec.drivers ?? [];
      if (drivers.every(({ allocatable }) => allocatable?.count === undefined)) return undefined;
      const wanted = state.get(name) as DriverOf;
      const there: DriverOf = new Map();
      for (const placed of node.pods.values()) addVolumes(there, placed.pod, options);
      for (const { name: driverName, allocatable } of drivers) {
        if (allocatable?.count === undefined) continue;
        const more = [...wanted].filter(([volume, driver]) => driver === driverName && !there.has(volume)).length;
        const held = [...there.values()].filter((driver) => driver === driverName).length;
        if (more > 0 && held + more > allocatable.count) return rejected('node(s) exceed max volume count');
      }
      return undefined;
    },
  };
}

/** A claim without a volume counts as one of the driver that will provision it. */
function addVolumes(driverOf: DriverOf, pod: Pod, { claims, volumes, classes }: NodeVolumeLimitsOptions): void {
  const { namespace } = pod.metadata;
  for (const volume of pod.spec?.volumes ?? []) {
    const claimName = claimNameOf(pod, volume);
    const claim = claimName === undefined ? undefined : claims.get(claimName, namespace);
    if (claim === undefined) continue;
    const csi = volumes.get(claim.spec?.volumeName ?? '')?.spec?.csi;
    if (csi !== undefined) driverOf.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver);
    if ((claim.spec?.volumeName ?? '') !== '') continue;
    const provisioner = classes.get(storageClassNameOf(claim))?.provisioner;
    if (provisioner !== undefined) driverOf.set(`${provisioner}/${namespace}/${claimName}`, provisioner);
  }
}
