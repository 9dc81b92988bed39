import {
  formatKubeconfig,
  type KubeconfigCluster,
  type KubeconfigUser,
  withEntry,
} from '../../client/kubeconfig/kubeconfig.ts';
import type { TlsPair } from './pki-files.ts';

/** A kubeconfig with one cluster and one user, everything in it. `server` is a URL. */
export function kubeconfigText(server: string, authorityPem: string, client: TlsPair): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return kubeconfigOf(
    { server, 'certificate-authority-data': base64(authorityPem) },
    { 'client-certificate-data': base64(client.certificatePem), 'client-key-data': base64(client.keyPem) },
  );
}

/** One that names the files of the authority and of a certificate with its key, so that whoever uses it follows their renewal. */
export function followingKubeconfigText(server: string, authorityFile: string, clientFile: string): string {
  return kubeconfigOf(
    { server, 'certificate-authority': authorityFile },
    { 'client-certificate': clientFile, 'client-key': clientFile },
  );
}

function kubeconfigOf(cluster: KubeconfigCluster, user: KubeconfigUser): string {
  return formatKubeconfig(withEntry({}, { name: 'stuurman', cluster, user }));
}
