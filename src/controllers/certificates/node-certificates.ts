import type { CertificateRequest } from '../../wire/pki/certificate-request.ts';

export const nodeClientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
export const nodeServingSigner = 'kubernetes.io/kubelet-serving';

/** What is wrong with a request for a node's client certificate, in the words of Kubernetes; undefined when nothing is. */
export function nodeClientProblem(request: CertificateRequest, usages: readonly string[]): string | undefined {
  const { subject, alternativeNames } = request;
  if (!isOfNodes(subject.organizations)) return 'subject organization is not system:nodes';
  if (alternativeNames.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (alternativeNames.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (alternativeNames.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (alternativeNames.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!subject.commonName.startsWith('system:node:')) return 'subject common name does not begin with system:node:';
  return usageProblem(usages, 'client auth');
}

/** The same for what a node shows to those who connect to it. */
export function nodeServingProblem(request: CertificateRequest, usages: readonly string[]): string | undefined {
  const { subject, alternativeNames } = request;
  if (!isOfNodes(subject.organizations)) return 'subject organization is not system:nodes';
  if (alternativeNames.dnsNames.length === 0 && alternativeNames.ipAddresses.length === 0)
    return 'DNS or IP subjectAltName is required';
  if (alternativeNames.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (alternativeNames.uris.length > 0) return 'URI subjectAltNames are not allowed';
  return (
    usageProblem(usages, 'server auth') ??
    (subject.commonName.startsWith('system:node:') ? undefined : 'subject common name does not begin with system:node:')
  );
}

function isOfNodes(organizations: readonly string[]): boolean {
  return organizations.length === 1 && organizations[0] === 'system:nodes';
}

/** Only keys that encrypt, as RSA can, have use for `key encipherment`. */
function usageProblem(usages: readonly string[], purpose: string): string | undefined {
  const asked = new Set(usages);
  const wanted = [purpose, 'digital signature', ...(asked.has('key encipherment') ? ['key encipherment'] : [])];
  const fits = asked.size === wanted.length && wanted.every((usage) => asked.has(usage));
  const listed = [purpose, 'digital signature', 'key encipherment'].sort();
  return fits ? undefined : `usages did not match [${listed.join(' ')}]`;
}
