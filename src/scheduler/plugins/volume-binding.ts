import type { Client } from '../../client/client.ts';
import type { Lister } from '../../client/informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { wholeValueOf } from '../../machinery/quantity.ts';
import { claimNameOf, notMadeFor } from '../../resources/core/pod/volume-claims.ts';
import { matchesNodeSelector } from '../../resources/core/scheduling/node-affinity.ts';
import { storageClassNameOf } from '../../resources/core/storage-class-name.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../../resources/schema/core-v1.generated.ts';
import { persistentVolumeClaims, persistentVolumes } from '../../resources/schema/resource-types.generated.ts';
import type { StorageClass } from '../../resources/schema/storage-v1.generated.ts';
import { type CycleState, type Plugin, type Rejection, rejectedForGood } from '../framework.ts';
import { matcherOf } from '../label-matcher.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

export interface VolumeBindingOptions {
  readonly client: Pick<Client, 'patch'>;
  readonly environment: Environment;
  readonly claims: Lister<PersistentVolumeClaim>;
  readonly volumes: Lister<PersistentVolume>;
  readonly classes: Lister<StorageClass>;
}

/** What the pod's claims need, and what was found for them on each node. */
interface BindingState {
  readonly bound: readonly PersistentVolume[];
  readonly waiting: readonly PersistentVolumeClaim[];
  readonly decisions: Map<string, readonly Decision[]>;
}

/** A claim that waits for its first consumer is given a volume that exists, or one that is provisioned for the node. */
interface Decision {
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume | undefined;
}

const name = 'VolumeBinding';
const selectedNode = 'volume.kubernetes.io/selected-node';
/** A class of this provisioner has only volumes that were made beforehand. */
const noProvisioner = 'kubernetes.io/no-provisioner';
const bindTimeoutMs = 600_000;
const bindPollMs = 50;

/** Places pods where their volumes are, and has volumes bound or made for where the pod goes. */
export function volumeBinding(options: VolumeBindingOptions): Plugin {
  /** Volumes promised to a pod that is not bound yet, by the claim's uid. */
  const promised = new Map<string, string>();
  return {
    name,
    retryOn: ['NodeAdded', 'NodeChanged', 'VolumesChanged', 'PodUpdated'],
    preFilter(state, { pod }) {
      const wanted = wantedClaims(pod);
      if (wanted.length === 0) return 'skip';
      const found = inspectClaims(options, pod, wanted);
      if ('reasons' in found) return found;
      state.set(name, found);
      return undefined;
    },
    filter: (state, _pod, node) => filterNode(options, promised, state.get(name) as BindingState, node),
    reserve(state, _pod, nodeName) {
      for (const { claim, volume } of decisionsOf(state, nodeName)) {
        if (volume !== undefined) promised.set(volume.metadata.name ?? '', claim.metadata.uid ?? '');
      }
    },
    unreserve(state, _pod, nodeName) {
      for (const { volume } of decisionsOf(state, nodeName)) promised.delete(volume?.metadata.name ?? '');
    },
    awaitsPreBind: (state, nodeName) => decisionsOf(state, nodeName).length > 0,
    async preBind(state, pod, nodeName, signal) {
      const decisions = decisionsOf(state, nodeName);
      if (decisions.length === 0) return;
      for (const decision of decisions) await request(options, decision, nodeName, signal);
      await waitUntilBound(options, pod, decisions, signal);
      for (const { volume } of decisions) promised.delete(volume?.metadata.name ?? '');
    },
  };
}

interface WantedClaim {
  readonly name: string;
  /** Made for the pod, and by then its own. */
  readonly isEphemeral: boolean;
}

function wantedClaims(pod: Pod): readonly WantedClaim[] {
  return (pod.spec?.volumes ?? []).flatMap((volume) => {
    const name = claimNameOf(pod, volume);
    return name === undefined ? [] : [{ name, isEphemeral: volume.ephemeral !== undefined }];
  });
}

function inspectClaims(
  options: VolumeBindingOptions,
  pod: Pod,
  wanted: readonly WantedClaim[],
): BindingState | Rejection {
  const bound: PersistentVolume[] = [];
  const waiting: PersistentVolumeClaim[] = [];
  for (const { name: claimName, isEphemeral } of wanted) {
    const claim = options.claims.get(claimName, pod.metadata.namespace);
    if (claim === undefined) return rejectedForGood(missing(claimName, isEphemeral));
    if (typeof claim.metadata.deletionTimestamp === 'string') {
      return rejectedForGood(`persistentvolumeclaim "${claimName}" is being deleted`);
    }
    if (claim.status?.phase === 'Lost') {
      return rejectedForGood(
        `persistentvolumeclaim "${claimName}" bound to non-existent persistentvolume "${claim.spec?.volumeName}"`,
      );
    }
    if (isEphemeral && !isControlled(claim, pod)) return rejectedForGood(notMadeFor(pod, claimName));
    const volumeName = claim.spec?.volumeName ?? '';
    if (volumeName === '') {
      if (!waitsForConsumer(options, claim)) return rejectedForGood('pod has unbound immediate PersistentVolumeClaims');
      waiting.push(claim);
      continue;
    }
    const volume = options.volumes.get(volumeName);
    if (volume === undefined) return rejectedForGood(`persistentvolume "${volumeName}" not found`);
    bound.push(volume);
  }
  return { bound, waiting, decisions: new Map() };
}

function missing(claimName: string, isEphemeral: boolean): string {
  return isEphemeral
    ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${claimName}"`
    : `persistentvolumeclaim "${claimName}" not found`;
}

function isControlled({ metadata }: PersistentVolumeClaim, pod: Pod): boolean {
  return (
    metadata.ownerReferences?.some(({ controller, uid }) => controller === true && uid === pod.metadata.uid) === true
  );
}

function waitsForConsumer({ classes }: VolumeBindingOptions, claim: PersistentVolumeClaim): boolean {
  const className = storageClassNameOf(claim);
  return className !== '' && classes.get(className)?.volumeBindingMode === 'WaitForFirstConsumer';
}

function filterNode(
  options: VolumeBindingOptions,
  promised: ReadonlyMap<string, string>,
  state: BindingState,
  info: NodeInfo,
): Rejection | undefined {
  const { node } = info;
  if (node === undefined) return undefined;
  if (state.bound.some((volume) => !isReachable(volume, node))) {
    return rejectedForGood("node(s) didn't match PersistentVolume's node affinity");
  }
  const decisions: Decision[] = [];
  const taken = new Set<string>();
  for (const claim of state.waiting) {
    const volume = findVolume(options, promised, taken, claim, node);
    if (volume === undefined && !canProvision(options, claim, node)) {
      return rejectedForGood("node(s) didn't find available persistent volumes to bind");
    }
    if (volume !== undefined) taken.add(volume.metadata.name ?? '');
    decisions.push({ claim, volume });
  }
  state.decisions.set(info.name, decisions);
  return undefined;
}

function isReachable(volume: PersistentVolume, node: Node): boolean {
  const required = volume.spec?.nodeAffinity?.required;
  return required === undefined || matchesNodeSelector(required, node);
}

/** The smallest volume that is free, large enough and reachable from the node. */
function findVolume(
  { volumes }: VolumeBindingOptions,
  promised: ReadonlyMap<string, string>,
  taken: ReadonlySet<string>,
  claim: PersistentVolumeClaim,
  node: Node,
): PersistentVolume | undefined {
  const wanted = wholeValueOf(claim.spec?.resources?.requests?.['storage'] ?? 0);
  const matches = claim.spec?.selector === undefined ? undefined : matcherOf(claim.spec.selector);
  let smallest: { readonly volume: PersistentVolume; readonly bytes: number } | undefined;
  for (const volume of volumes.list()) {
    const volumeName = volume.metadata.name ?? '';
    const reserved = volume.spec?.claimRef;
    const forClaim = reserved?.name === claim.metadata.name && reserved?.namespace === claim.metadata.namespace;
    if (reserved !== undefined && !forClaim) continue;
    if (taken.has(volumeName) || (promised.get(volumeName) ?? claim.metadata.uid) !== claim.metadata.uid) continue;
    if (storageClassNameOf(volume) !== storageClassNameOf(claim)) continue;
    if ((volume.spec?.volumeMode ?? 'Filesystem') !== (claim.spec?.volumeMode ?? 'Filesystem')) continue;
    if (typeof volume.metadata.deletionTimestamp === 'string') continue;
    if (!claim.spec?.accessModes?.every((mode) => volume.spec?.accessModes?.includes(mode))) continue;
    if (matches !== undefined && !matches(volume.metadata.labels ?? {})) continue;
    const bytes = wholeValueOf(volume.spec?.capacity?.['storage'] ?? 0);
    if (bytes < wanted || !isReachable(volume, node)) continue;
    if (smallest === undefined || bytes < smallest.bytes) smallest = { volume, bytes };
  }
  return smallest?.volume;
}

function canProvision({ classes }: VolumeBindingOptions, claim: PersistentVolumeClaim, node: Node): boolean {
  const storageClass = classes.get(storageClassNameOf(claim));
  if (storageClass === undefined || storageClass.provisioner === noProvisioner) return false;
  // A claim that was promised to another node before stays with it.
  const before = claim.metadata.annotations?.[selectedNode];
  if (before !== undefined && before !== node.metadata.name) return false;
  const topologies = storageClass.allowedTopologies ?? [];
  const labels = node.metadata.labels ?? {};
  return (
    topologies.length === 0 ||
    topologies.some(({ matchLabelExpressions = [] }) =>
      matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? '')),
    )
  );
}

function decisionsOf(state: CycleState, nodeName: string): readonly Decision[] {
  return (state.get(name) as BindingState | undefined)?.decisions.get(nodeName) ?? [];
}

/** Tells the volume controller which volume the claim gets, or for which node one is to be made. */
async function request(
  { client }: VolumeBindingOptions,
  { claim, volume }: Decision,
  nodeName: string,
  signal: AbortSignal,
) {
  const { name: claimName = '', namespace, uid } = claim.metadata;
  if (volume === undefined) {
    if (claim.metadata.annotations?.[selectedNode] === nodeName) return;
    const body = { metadata: { annotations: { [selectedNode]: nodeName } } };
    await client.patch(persistentVolumeClaims, { namespace, name: claimName }, { type: 'merge', body }, { signal });
    return;
  }
  const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: claimName, namespace, uid };
  const annotations = volume.spec?.claimRef === undefined ? { 'pv.kubernetes.io/bound-by-controller': 'yes' } : {};
  const body = { metadata: { resourceVersion: volume.metadata.resourceVersion, annotations }, spec: { claimRef } };
  await client.patch(persistentVolumes, { name: volume.metadata.name ?? '' }, { type: 'merge', body }, { signal });
}

async function waitUntilBound(
  { claims, environment }: VolumeBindingOptions,
  pod: PodInfo,
  decisions: readonly Decision[],
  signal: AbortSignal,
): Promise<void> {
  const deadline = environment.monotonic() + bindTimeoutMs;
  const isBound = ({ claim }: Decision) => {
    const current = claims.get(claim.metadata.name ?? '', pod.pod.metadata.namespace);
    if (current === undefined || current.metadata.uid !== claim.metadata.uid) {
      throw new Error(`persistentvolumeclaim "${claim.metadata.name}" was deleted while it was being bound`);
    }
    return current.status?.phase === 'Bound';
  };
  for (let pollMs = bindPollMs; !decisions.every(isBound); pollMs = Math.min(pollMs * 1.5, 1_000)) {
    if (environment.monotonic() > deadline) throw new Error('timed out waiting for the condition');
    await environment.sleep(pollMs, signal);
  }
}
