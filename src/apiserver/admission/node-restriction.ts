import type { Reader } from '../../client/client.ts';
import { quote } from '../../machinery/go-text.ts';
import type { Draft, KubeObject } from '../../machinery/object.ts';
import { groupResource } from '../../machinery/resource-type.ts';
import { certificateRequestOf } from '../../resources/certificates/request-text.ts';
import type { TokenRequest } from '../../resources/schema/authentication-v1.generated.ts';
import type { CertificateSigningRequest } from '../../resources/schema/certificates-v1.generated.ts';
import type { Node, PersistentVolumeClaim, Pod } from '../../resources/schema/core-v1.generated.ts';
import { nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import { nodeNameOf } from '../authz/node-authorizer.ts';
import type { Authorizer } from '../request.ts';
import { admissionForbidden } from './admission-forbidden.ts';
import { forbiddenNodeLabels } from './node-labels.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';
import { podCertificateProblem } from './pod-certificates.ts';
import { podReachesObjects } from './pod-reaches-objects.ts';
import { sameValue } from './same-value.ts';

const mirrorAnnotation = 'kubernetes.io/config.mirror';

/**
 * The other half of the Node authoriser: of what a node may write at all, only its own node, its own lease, the status of its own
 * pods, mirror pods that reach no other objects, and tokens and certificates for its own pods.
 */
export class NodeRestriction implements AdmissionPlugin {
  readonly name = 'NodeRestriction';
  readonly #reader: Reader;
  readonly #authorizer: Authorizer;

  constructor(reader: Reader, authorizer: Authorizer) {
    this.#reader = reader;
    this.#authorizer = authorizer;
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    const node = nodeNameOf(attributes.user);
    if (node === undefined) return;
    const why =
      node === ''
        ? `could not determine node from user ${quote(attributes.user.username)}`
        : await this.#problem(node, attributes);
    if (why !== undefined) throw admissionForbidden(attributes, why);
  }

  async #problem(node: string, attributes: AdmissionAttributes): Promise<string | undefined> {
    const { type, subresource, operation } = attributes;
    switch (groupResource(type)) {
      case 'pods':
        return this.#podProblem(node, attributes);
      case 'nodes':
        return nodeProblem(node, attributes);
      case 'persistentvolumeclaims':
        return subresource === 'status' ? claimStatusProblem(node, attributes) : 'may only update PVC status';
      case 'serviceaccounts':
        return operation === 'CREATE' && subresource === 'token' ? this.#tokenProblem(node, attributes) : undefined;
      case 'leases.coordination.k8s.io':
        return leaseProblem(node, attributes);
      case 'csinodes.storage.k8s.io':
        return csiNodeProblem(node, attributes);
      case 'certificatesigningrequests.certificates.k8s.io':
        return certificateProblem(node, attributes);
      case 'podcertificaterequests.certificates.k8s.io':
        return podCertificateProblem({ reader: this.#reader, authorizer: this.#authorizer }, node, attributes);
      default:
        return undefined;
    }
  }

  async #podProblem(node: string, attributes: AdmissionAttributes): Promise<string | undefined> {
    const { operation, subresource, namespace, name } = attributes;
    const quoted = quote(node);
    if (subresource === 'status') return podStatusProblem(node, attributes);
    if (subresource === 'eviction') {
      if (operation !== 'CREATE') return `unexpected operation ${operation}`;
      const pod = await this.#reader.get(pods, { namespace, name: name || (attributes.object?.metadata.name ?? '') });
      return pod.spec?.nodeName === node
        ? undefined
        : `node ${node} can only evict pods with spec.nodeName set to itself`;
    }
    if (subresource !== '') {
      return `unexpected pod subresource ${quote(subresource)}, only 'status' and 'eviction' are allowed`;
    }
    if (operation === 'CREATE') return this.#mirrorPodProblem(node, attributes.object as Draft<Pod>);
    if (operation === 'DELETE') {
      const pod = (attributes.old as Pod | undefined) ?? (await this.#reader.get(pods, { namespace, name }));
      return pod.spec?.nodeName === node
        ? undefined
        : `node ${quoted} can only delete pods with spec.nodeName set to itself`;
    }
    return `unexpected operation ${quote(operation)}, node ${quoted} can only create and delete mirror pods`;
  }

  async #mirrorPodProblem(node: string, pod: Draft<Pod>): Promise<string | undefined> {
    const quoted = quote(node);
    if (pod.metadata.annotations?.[mirrorAnnotation] === undefined) {
      return `pod does not have ${quote(mirrorAnnotation)} annotation, node ${quoted} can only create mirror pods`;
    }
    if (pod.spec?.nodeName !== node) return `node ${quoted} can only create pods with spec.nodeName set to itself`;
    const [owner, ...others] = pod.metadata.ownerReferences ?? [];
    if (others.length > 0) return `node ${quoted} can only create pods with a single owner reference set to itself`;
    if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
      return `node ${quoted} can only create pods with an owner reference set to itself`;
    }
    if (owner.controller !== true) {
      return `node ${quoted} can only create pods with a controller owner reference set to itself`;
    }
    if (owner.blockOwnerDeletion === true)
      return `node ${quoted} must not set blockOwnerDeletion on an owner reference`;
    const { uid } = (await this.#reader.get(nodes, { name: node })).metadata;
    if (owner.uid !== uid) return `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`;
    const reached = podReachesObjects(pod as Pod);
    return reached === undefined ? undefined : `node ${quoted} can not create pods that reference ${reached}`;
  }

  async #tokenProblem(node: string, attributes: AdmissionAttributes): Promise<string | undefined> {
    const { spec } = attributes.object as Draft<KubeObject> & Draft<TokenRequest>;
    const reference = spec?.boundObjectRef;
    if (reference?.apiVersion !== 'v1' || reference.kind !== 'Pod' || !reference.name) {
      return 'node requested token not bound to a pod';
    }
    if (!reference.uid) return 'node requested token with a pod binding without a uid';
    const pod = await this.#reader.get(pods, { namespace: attributes.namespace, name: reference.name });
    if (reference.uid !== pod.metadata.uid) {
      return `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    }
    if (pod.spec?.nodeName !== node) return 'node requested token bound to a pod scheduled on a different node';
    const [audience = '', ...more] = spec?.audiences ?? [];
    if (more.length > 0) return 'node may only request 0 or 1 audiences';
    return this.#audienceProblem(attributes, pod, audience);
  }

  /** A pod names in its volumes for whom it needs tokens; for others the node needs a permission of its own (KEP-4412). */
  #audienceProblem({ user, namespace, name }: AdmissionAttributes, pod: Pod, audience: string): string | undefined {
    const sources = (pod.spec?.volumes ?? []).flatMap((volume) => volume.projected?.sources ?? []);
    const asked = sources.flatMap((source) => source.serviceAccountToken ?? []);
    if (asked.some((token) => (token.audience ?? '') === audience)) return undefined;
    const { decision } = this.#authorizer.authorize(user, {
      isResource: true,
      path: '',
      verb: 'request-serviceaccounts-token-audience',
      group: '',
      version: '',
      resource: audience,
      subresource: '',
      namespace,
      name,
      fieldSelector: '',
      labelSelector: '',
    });
    if (decision === 'allow') return undefined;
    return `${user.username} is not authorized to request tokens for audience ${quote(audience)}`;
  }
}

function podStatusProblem(node: string, { operation, object, old }: AdmissionAttributes): string | undefined {
  if (operation !== 'UPDATE') return `unexpected operation ${quote(operation)}`;
  const before = old as Pod;
  const after = object as Draft<Pod>;
  const quoted = quote(node);
  if (before.spec?.nodeName !== node) {
    return `node ${quoted} can only update pod status for pods with spec.nodeName set to itself`;
  }
  if (!sameValue(before.metadata.labels ?? {}, after.metadata.labels ?? {})) {
    return `node ${quoted} cannot update labels through pod status`;
  }
  if (!sameValue(before.status?.resourceClaimStatuses ?? [], after.status?.resourceClaimStatuses ?? [])) {
    return `node ${quoted} cannot update resource claim statues`;
  }
  return undefined;
}

function nodeProblem(node: string, { operation, name, object, old }: AdmissionAttributes): string | undefined {
  const quoted = quote(node);
  const requested = name || (object?.metadata.name ?? '');
  if (requested !== node) return `node ${quoted} is not allowed to modify node ${quote(requested)}`;
  const after = object as Draft<Node> | undefined;
  if (operation === 'CREATE') {
    if (after?.spec?.configSource != null) {
      return `node ${quoted} is not allowed to create pods with a non-nil configSource`;
    }
    const labels = forbiddenNodeLabels(after?.metadata.labels, undefined);
    return labels.length === 0
      ? undefined
      : `node ${quoted} is not allowed to set the following labels: ${labels.join(', ')}`;
  }
  if (operation !== 'UPDATE') return undefined;
  const before = old as Node;
  if (after?.spec?.configSource != null && !sameValue(after.spec.configSource, before.spec?.configSource)) {
    return `node ${quoted} is not allowed to update configSource to a new non-nil configSource`;
  }
  if (!sameValue(after?.spec?.taints ?? [], before.spec?.taints ?? [])) {
    return `node ${quoted} is not allowed to modify taints`;
  }
  if (!sameValue(after?.metadata.ownerReferences ?? [], before.metadata.ownerReferences ?? [])) {
    return `node ${quoted} is not allowed to modify ownerReferences`;
  }
  const labels = forbiddenNodeLabels(after?.metadata.labels, before.metadata.labels);
  return labels.length === 0 ? undefined : `is not allowed to modify labels: ${labels.join(', ')}`;
}

function claimStatusProblem(node: string, { operation, object, old }: AdmissionAttributes): string | undefined {
  if (operation !== 'UPDATE') return `unexpected operation ${quote(operation)}`;
  const bare = ({ metadata, status, ...rest }: PersistentVolumeClaim) => {
    const { resourceVersion: _, managedFields: __, ...meta } = metadata;
    const { capacity: ___, conditions: ____, allocatedResources, allocatedResourceStatuses, ...kept } = status ?? {};
    return { ...rest, metadata: meta, status: kept };
  };
  if (sameValue(bare(object as PersistentVolumeClaim), bare(old as PersistentVolumeClaim))) return undefined;
  return `node ${quote(node)} is not allowed to update fields other than status.quantity and status.conditions`;
}

function leaseProblem(node: string, { namespace, name, object }: AdmissionAttributes): string | undefined {
  if (namespace !== 'kube-node-lease') {
    return `can only access leases in the "kube-node-lease" system namespace`;
  }
  return (name || object?.metadata.name) === node
    ? undefined
    : 'can only access node lease with the same name as the requesting node';
}

function csiNodeProblem(node: string, { name, object }: AdmissionAttributes): string | undefined {
  return (name || object?.metadata.name) === node
    ? undefined
    : 'can only access CSINode with the same name as the requesting node';
}

const nodeSigners = ['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet'];

/** A node asks for certificates of nodes in its own name alone; what else is in a request is for its signer to look at. */
function certificateProblem(node: string, { operation, object }: AdmissionAttributes): string | undefined {
  if (operation !== 'CREATE') return undefined;
  const request = object as CertificateSigningRequest;
  if (!nodeSigners.includes(request.spec.signerName)) return undefined;
  try {
    const { commonName } = certificateRequestOf(request).subject;
    return commonName === `system:node:${node}` ? undefined : `can only create a node CSR with CN=system:node:${node}`;
  } catch (error) {
    return `unable to parse csr: ${(error as Error).message}`;
  }
}
