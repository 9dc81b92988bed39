import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import type { HttpHandler } from '../wire/http-handler.ts';
import { HttpServer } from '../wire/http-server.ts';
import type { CertificateAuthority, LeafOptions } from '../wire/pki/certificate-authority.ts';
import { adminUser } from './control-plane/users.ts';
import { kubeconfigText } from './files/kubeconfig-text.ts';

export interface ServeOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly handler: HttpHandler;
  readonly authority: CertificateAuthority;
  /** 0: one that is free. */
  readonly port: number;
}

/** A cluster inside a process that programs outside can reach. */
export interface ServedCluster {
  readonly url: string;
  /** The administrator's kubeconfig: a file that only this user can read. */
  readonly kubeconfig: string;
  /** Breaks off every connection and removes the kubeconfig. */
  close(): Promise<void>;
}

const dayMs = 24 * 3600_000;
const host = '127.0.0.1';

/** Serves the API over TLS on this machine's own address. Throws `ListenError` for a port in use. */
export async function serveCluster({
  environment,
  logger,
  handler,
  authority,
  port,
}: ServeOptions): Promise<ServedCluster> {
  const leaf = (options: Omit<LeafOptions, 'validityMs'>) => {
    const { certificate, keyPem } = authority.issue({ ...options, validityMs: 365 * dayMs });
    return { certificatePem: certificate.pem, keyPem };
  };
  const server = leaf({
    commonName: 'kube-apiserver',
    usages: ['serverAuth'],
    dnsNames: ['localhost'],
    ipAddresses: [host],
  });
  const admin = leaf({
    commonName: adminUser.username,
    organizations: ['system:masters'],
    usages: ['clientAuth'],
  });
  const authorityPem = authority.certificate.pem;
  const http = await HttpServer.start({
    environment,
    handler,
    address: { host, port },
    tls: { ...server, clientAuthorityPem: authorityPem },
    onError: (err) => logger.warn('a request failed', { err }),
  });
  const url = `https://${host}:${http.port}`;
  const directory = mkdtempSync(join(tmpdir(), 'stuurman-'));
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigText(url, authorityPem, admin), { mode: 0o600 });
  return {
    url,
    kubeconfig,
    async close() {
      await http.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
