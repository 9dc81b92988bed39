import { formatKubeconfig, withEntry } from '../../client/kubeconfig/kubeconfig.ts';
import type { TlsPair } from './pki-files.ts';

/** A kubeconfig with one cluster and one user, everything in it. `server` is a URL. */
export function kubeconfigText(server: string, authorityPem: string, client: TlsPair): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return formatKubeconfig(
    withEntry(
      {},
      {
        name: 'stuurman',
        cluster: { server, 'certificate-authority-data': base64(authorityPem) },
        user: {
          'client-certificate-data': base64(client.certificatePem),
          'client-key-data': base64(client.keyPem),
        },
      },
    ),
  );
}
