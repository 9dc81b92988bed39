import type { Lister } from '../../client/informer.ts';
import { claimNameOf } from '../../resources/core/pod/volume-claims.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../resources/schema/core-v1.generated.ts';
import { type Plugin, rejectedForGood } from '../framework.ts';

export interface VolumeZoneOptions {
  readonly claims: Lister<PersistentVolumeClaim>;
  readonly volumes: Lister<PersistentVolume>;
}

/** Where a volume is: a label of its node and the values that will do. */
interface Place {
  readonly label: string;
  readonly values: readonly string[];
}

const name = 'VolumeZone';
/** The labels that say where nodes and volumes are, with what they were called before. */
const placeLabels: Readonly<Record<string, string>> = {
  'topology.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region': 'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
};

/** Keeps pods in the zones and regions that the labels of their volumes name. */
export function volumeZone(options: VolumeZoneOptions): Plugin {
  return {
    name,
    retryOn: ['NodeAdded', 'NodeChanged', 'VolumesChanged', 'PodUpdated'],
    preFilter(state, { pod }) {
      const places = placesOf(pod, options);
      if (places.length === 0) return 'skip';
      state.set(name, places);
      return undefined;
    },
    filter(state, _pod, { node }) {
      const labels = node?.metadata.labels ?? {};
      // A node that says nothing of where it is takes every volume.
      if (Object.keys(placeLabels).every((label) => labels[label] === undefined)) return undefined;
      const places = state.get(name) as readonly Place[];
      const fits = places.every(({ label, values }) => {
        const value = labels[label] ?? labels[placeLabels[label] ?? label];
        return value !== undefined && values.includes(value);
      });
      return fits ? undefined : rejectedForGood('node(s) had no available volume zone');
    },
  };
}

function placesOf(pod: Pod, { claims, volumes }: VolumeZoneOptions): readonly Place[] {
  const places: Place[] = [];
  for (const volume of pod.spec?.volumes ?? []) {
    const claimName = claimNameOf(pod, volume);
    const claim = claimName === undefined ? undefined : claims.get(claimName, pod.metadata.namespace);
    const labels = volumes.get(claim?.spec?.volumeName ?? '')?.metadata.labels ?? {};
    for (const label of Object.keys(placeLabels)) {
      const value = labels[label];
      if (value !== undefined) places.push({ label, values: value.split('__') });
    }
  }
  return places;
}
