import type { CertificateRequestOptions } from '../../wire/pki/certificate-request.ts';

/** Who a node is to the cluster. */
export function nodeSubject(nodeName: string): CertificateRequestOptions {
  return { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] };
}

export const clientCertificate = {
  signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
  usages: ['digital signature', 'client auth'],
} as const;

export const servingCertificate = {
  signerName: 'kubernetes.io/kubelet-serving',
  usages: ['digital signature', 'server auth'],
} as const;
