import type { Informer } from '../../client/informer.ts';
import type { PodCertificateRequest } from '../../resources/schema/certificates-v1.generated.ts';
import type { PersistentVolume, Pod } from '../../resources/schema/core-v1.generated.ts';
import { claimsOfPod, configMapsOfPod, secretsOfPod, secretsOfVolumeSource } from './pod-references.ts';

/** Kinds of objects that belong to a node through the pods on it. */
export type RelatedKind = 'pod' | 'secret' | 'configmap' | 'pvc' | 'serviceaccount' | 'pv' | 'pcr';

interface PodEdges {
  readonly node: string;
  readonly objects: readonly string[];
}

interface VolumeEdges {
  readonly claim: string;
  readonly secrets: readonly string[];
}

/**
 * Which objects the pods of a node refer to. Every pod counts once for each object it refers to, so that the question "does this
 * object belong to that node" is one look-up, and a pod that goes takes along only what no other pod of the node needs.
 */
export class NodeGraph {
  readonly #pods = new Map<string, PodEdges>();
  /** By object, then by node: how many pods refer to it. */
  readonly #references = new Map<string, Map<string, number>>();
  readonly #volumes = new Map<string, VolumeEdges>();
  /** By secret: the volumes that need it. */
  readonly #volumesOfSecret = new Map<string, Set<string>>();
  readonly #stops: readonly (() => void)[];

  constructor(
    pods: Informer<Pod>,
    volumes: Informer<PersistentVolume>,
    certificateRequests: Informer<PodCertificateRequest>,
  ) {
    this.#stops = [
      pods.addHandler({
        added: (pod) => this.#setPod(pod),
        updated: (pod, old) => {
          if (referencesMayDiffer(pod, old)) this.#setPod(pod);
        },
        deleted: (pod) => this.#removePod(podKey(pod)),
      }),
      volumes.addHandler({
        added: (volume) => this.#setVolume(volume),
        updated: (volume) => this.#setVolume(volume),
        deleted: (volume) => this.#removeVolume(volume.metadata.name ?? ''),
      }),
      // Each names its node, for ever.
      certificateRequests.addHandler({
        added: (request) => this.#references.set(requestKey(request), new Map([[request.spec.nodeName, 1]])),
        deleted: (request) => this.#references.delete(requestKey(request)),
      }),
    ];
  }

  /** Stops following the informers. */
  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** Whether a pod on the node refers to the object, itself or through a claim. */
  relates(node: string, kind: RelatedKind, namespace: string, name: string): boolean {
    if (kind === 'pv') return this.#throughVolume(node, name);
    const object = objectKey(kind, namespace, name);
    if (this.#references.get(object)?.has(node) === true) return true;
    if (kind !== 'secret') return false;
    for (const volume of this.#volumesOfSecret.get(object) ?? []) if (this.#throughVolume(node, volume)) return true;
    return false;
  }

  #throughVolume(node: string, volume: string): boolean {
    const edges = this.#volumes.get(volume);
    return edges !== undefined && this.#references.get(edges.claim)?.has(node) === true;
  }

  #setPod(pod: Pod): void {
    const key = podKey(pod);
    this.#removePod(key);
    const node = pod.spec?.nodeName ?? '';
    if (node === '') return;
    const objects = [key, ...(isMirrorPod(pod) ? [] : referencesOf(pod))];
    this.#pods.set(key, { node, objects });
    for (const object of objects) {
      const nodes = this.#references.getOrInsertComputed(object, () => new Map());
      nodes.set(node, (nodes.get(node) ?? 0) + 1);
    }
  }

  #removePod(key: string): void {
    const edges = this.#pods.get(key);
    if (edges === undefined) return;
    this.#pods.delete(key);
    for (const object of edges.objects) {
      const nodes = this.#references.get(object);
      const left = (nodes?.get(edges.node) ?? 1) - 1;
      if (left > 0) nodes?.set(edges.node, left);
      else nodes?.delete(edges.node);
      if (nodes?.size === 0) this.#references.delete(object);
    }
  }

  #setVolume(volume: PersistentVolume): void {
    const name = volume.metadata.name ?? '';
    this.#removeVolume(name);
    const claim = volume.spec?.claimRef;
    if (claim == null) return;
    const secrets = secretsOfVolumeSource(volume).map(([namespace, secret]) => objectKey('secret', namespace, secret));
    this.#volumes.set(name, { claim: objectKey('pvc', claim.namespace ?? '', claim.name ?? ''), secrets });
    for (const secret of secrets) this.#volumesOfSecret.getOrInsertComputed(secret, () => new Set()).add(name);
  }

  #removeVolume(name: string): void {
    for (const secret of this.#volumes.get(name)?.secrets ?? []) {
      const volumes = this.#volumesOfSecret.get(secret);
      volumes?.delete(name);
      if (volumes?.size === 0) this.#volumesOfSecret.delete(secret);
    }
    this.#volumes.delete(name);
  }
}

function requestKey({ metadata }: PodCertificateRequest): string {
  return objectKey('pcr', metadata.namespace ?? '', metadata.name ?? '');
}

/** A pod that a node made from a file of its own; it must not open other objects to that node. */
function isMirrorPod(pod: Pod): boolean {
  return pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
}

/** What a pod refers to is fixed, ephemeral containers aside. */
function referencesMayDiffer(pod: Pod, old: Pod): boolean {
  return (
    pod.spec?.nodeName !== old.spec?.nodeName ||
    pod.metadata.uid !== old.metadata.uid ||
    pod.spec?.ephemeralContainers?.length !== old.spec?.ephemeralContainers?.length
  );
}

function referencesOf(pod: Pod): readonly string[] {
  const namespace = pod.metadata.namespace ?? '';
  const keys = (kind: RelatedKind, names: Iterable<string>) =>
    [...names].map((name) => objectKey(kind, namespace, name));
  const account = pod.spec?.serviceAccountName ?? '';
  return [
    ...keys('serviceaccount', account === '' ? [] : [account]),
    ...keys('secret', secretsOfPod(pod)),
    ...keys('configmap', configMapsOfPod(pod)),
    ...keys('pvc', claimsOfPod(pod)),
  ];
}

function podKey({ metadata }: Pod): string {
  return objectKey('pod', metadata.namespace ?? '', metadata.name ?? '');
}

function objectKey(kind: RelatedKind, namespace: string, name: string): string {
  return `${kind} ${namespace}/${name}`;
}
