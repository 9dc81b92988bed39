import { join } from 'node:path';
import { formatKubeconfig } from '../../client/kubeconfig/kubeconfig.ts';
import type { Files } from '../host/host.ts';
import { CertificateFile } from './certificate-file.ts';

/** In the certificate of the API server of every Kubernetes, and in no other one. */
const apiName = 'kubernetes.default.svc';

/** Where a node keeps what it proves itself with. All of it can be had again by a token. */
export class IdentityFiles {
  readonly directory: string;
  readonly client: CertificateFile;
  readonly serving: CertificateFile;
  readonly #files: Files;

  constructor(files: Files, directory: string) {
    this.#files = files;
    this.directory = directory;
    this.client = new CertificateFile(files, join(directory, 'client.pem'));
    this.serving = new CertificateFile(files, join(directory, 'serving.pem'));
  }

  get authority(): string {
    return join(this.directory, 'ca.pem');
  }

  get kubeconfig(): string {
    return join(this.directory, 'agent.kubeconfig');
  }

  /** PEM; undefined before the machine has joined a cluster. */
  async readAuthority(): Promise<string | undefined> {
    try {
      return Buffer.from(await this.#files.read(this.authority)).toString('utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async writeAuthority(pem: string): Promise<void> {
    await this.#files.write(this.authority, pem, 0o644);
  }

  /**
   * Makes the directory, and in it the authority and a kubeconfig that names the other files, so that whoever uses it follows their
   * renewal. The first server is that of the current context; each other one has a cluster of its own in it. Wherever the API is said to be,
   * it must show the name that only the API server has: nodes have certificates of the same authority, and may say wrong things.
   */
  async writeCluster(servers: readonly string[], authorityPem: string): Promise<void> {
    await this.#files.makeDirectory(this.directory, 0o700);
    await this.writeAuthority(authorityPem);
    const clusterName = (index: number) => (index === 0 ? 'stuurman' : `stuurman-${index}`);
    const kubeconfig = formatKubeconfig({
      clusters: servers.map((server, index) => ({
        name: clusterName(index),
        cluster: { server, 'certificate-authority': this.authority, 'tls-server-name': apiName },
      })),
      users: [{ name: 'node', user: { 'client-certificate': this.client.path, 'client-key': this.client.path } }],
      contexts: [{ name: 'stuurman', context: { cluster: clusterName(0), user: 'node' } }],
      'current-context': 'stuurman',
    });
    await this.#files.write(this.kubeconfig, kubeconfig, 0o600);
  }
}
