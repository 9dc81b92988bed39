import type { ObjectKey, Reader } from '../../client/client.ts';
import { forbidden } from '../../machinery/field-errors.ts';
import { quote } from '../../machinery/go-text.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { groupResource, type ResourceType } from '../../machinery/resource-type.ts';
import { isReason, StatusError } from '../../machinery/status-error.ts';
import { invalidObject } from '../../machinery/status-errors.ts';
import type { PodCertificateRequest } from '../../resources/schema/certificates-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { nodes, pods, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import { maySign } from '../authz/signer-permission.ts';
import type { Authorizer } from '../request.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';
import { sameValue } from './same-value.ts';

const resource = 'podcertificaterequests.certificates.k8s.io';

/**
 * Who answers a request for a pod's certificate must be permitted to sign for its signer. In Kubernetes this is a part of validation, and is
 * worded so.
 */
export function podCertificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'PodCertificateSigning',
    validate({ operation, type, subresource, user, old, object }) {
      if (operation !== 'UPDATE' || groupResource(type) !== resource || subresource !== 'status') return;
      const before = old as PodCertificateRequest;
      const { signerName } = before.spec;
      if (sameValue(before.status ?? {}, (object as PodCertificateRequest).status ?? {})) return;
      if (maySign(authorizer, user, 'sign', signerName)) return;
      const detail = `User ${quote(user.username)} is not permitted to "sign" for signer ${quote(signerName)}`;
      throw invalidObject(type, before.metadata.name ?? '', [forbidden('spec.signerName', detail)]);
    },
  };
}

/**
 * Why a node may not ask for this certificate: it asks for pods of its own, in their names, and of signers that they name. Throws a
 * StatusError where caches may be behind, so that another try may succeed.
 */
export async function podCertificateProblem(
  { reader, authorizer }: { readonly reader: Reader; readonly authorizer: Authorizer },
  node: string,
  attributes: AdmissionAttributes,
): Promise<string | undefined> {
  const { operation, subresource, namespace } = attributes;
  if (operation !== 'CREATE') return `unexpected operation ${operation}`;
  if (subresource !== '') return `unexpected subresource ${subresource}`;
  const { spec } = attributes.object as PodCertificateRequest;
  if (spec.nodeName !== node)
    return `PodCertificateRequest.Spec.NodeName=${quote(spec.nodeName)}, which is not the requesting node ${quote(node)}`;
  const ofPod = quote(`${namespace}/${spec.podName}`);
  const subject = `PodCertificateRequest for pod ${ofPod}`;
  const named = await found(reader, nodes, { name: node }, `node ${quote(node)}`);
  if (named.metadata.uid !== spec.nodeUID)
    throw behind(
      `${subject} names node UID ${quote(spec.nodeUID)}, inconsistent with the running node (${quote(named.metadata.uid ?? '')})`,
    );
  const pod = await found(reader, pods, { namespace, name: spec.podName }, `pod ${ofPod}`);
  if (pod.metadata.uid !== spec.podUID)
    throw behind(
      `${subject} contains pod UID (${quote(spec.podUID)}) which differs from running pod ${quote(pod.metadata.uid ?? '')}`,
    );
  if (pod.spec?.nodeName !== node)
    return `pod ${ofPod} is not running on node ${quote(node)} named in the PodCertificateRequest`;
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return `pod ${ofPod} is a mirror pod`;
  const account = pod.spec.serviceAccountName ?? '';
  if (spec.serviceAccountName !== account)
    return `${subject} contains serviceAccountName (${quote(spec.serviceAccountName)}) that differs from running pod (${quote(account)})`;
  const accountWords = `service account ${quote(`${namespace}/${account}`)}`;
  const { uid = '' } = (await found(reader, serviceAccounts, { namespace, name: account }, accountWords)).metadata;
  if (uid !== spec.serviceAccountUID)
    throw behind(
      `${subject} names service account UID ${quote(spec.serviceAccountUID)}, which differs from the running service account (${quote(uid)})`,
    );
  if (namesSigner(pod, spec.signerName) || mayAskSigner(authorizer, attributes, spec)) return undefined;
  return `pod ${ofPod} does not mount a podCertificate projected volume for signer ${quote(spec.signerName)}`;
}

async function found<T extends KubeObject>(
  reader: Reader,
  type: ResourceType<T>,
  key: ObjectKey,
  words: string,
): Promise<T> {
  try {
    return await reader.get(type, key);
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error;
    throw behind(`while retrieving ${words} named in the PodCertificateRequest: ${(error as Error).message}`);
  }
}

function behind(message: string): StatusError {
  return new StatusError({ code: 500, message });
}

function namesSigner({ spec }: Pod, signerName: string): boolean {
  const sources = (spec?.volumes ?? []).flatMap((volume) => volume.projected?.sources ?? []);
  return sources.some(({ podCertificate }) => podCertificate?.signerName === signerName);
}

/** Rules name no resources with slashes in them. */
function mayAskSigner(
  authorizer: Authorizer,
  { user, namespace, type }: AdmissionAttributes,
  { signerName, serviceAccountName }: PodCertificateRequest['spec'],
): boolean {
  const { decision } = authorizer.authorize(user, {
    isResource: true,
    path: '',
    verb: 'request-serviceaccounts-podcertificate-signer',
    group: type.group,
    version: type.version,
    resource: signerName.replaceAll('/', ':'),
    subresource: '',
    namespace,
    name: serviceAccountName,
    fieldSelector: '',
    labelSelector: '',
  });
  return decision === 'allow';
}
