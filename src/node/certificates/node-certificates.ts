import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { clusterInfo, clusterInfoKubeconfig } from '../../resources/bootstrap/cluster-info.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { configMaps } from '../../resources/schema/resource-types.generated.ts';
import { parseCertificate } from '../../wire/pki/certificate.ts';
import type { CertificateRequestOptions } from '../../wire/pki/certificate-request.ts';
import { generateKeyPair, type KeyPair } from '../../wire/pki/key-pair.ts';
import { parsePem } from '../../wire/pki/pem.ts';
import { publicKeyHash } from '../../wire/pki/public-key-hash.ts';
import type { CertificatePair } from './certificate-file.ts';
import { CertificateKeeper } from './certificate-keeper.ts';
import { authorityIn } from './discover-cluster.ts';
import type { IdentityFiles } from './identity-files.ts';
import { clientCertificate, nodeSubject, servingCertificate } from './node-subject.ts';

export interface NodeCertificatesOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly identity: IdentityFiles;
  readonly nodeName: string;
  /** As the node. Must follow the file of the client certificate. */
  readonly client: Client;
  /** Of the node's own object: its addresses are what the serving certificate is for. */
  readonly node: Pick<Informer<Node>, 'get' | 'addHandler'>;
  /** Told of the serving certificate: at once when the file has one, and of each that replaces it. */
  readonly onServing: (pair: CertificatePair) => void;
  readonly onClient?: ((pair: CertificatePair) => void) | undefined;
  readonly expirationSeconds?: number | undefined;
  readonly makeKeyPair?: (() => KeyPair) | undefined;
}

/** Keeps both certificates of a node that joined by a token: the one it shows to the API, and the one it shows to who connects to it. */
export class NodeCertificates {
  readonly #options: NodeCertificatesOptions;
  readonly #client: CertificateKeeper;
  readonly #serving: CertificateKeeper;
  #detach: (() => void) | undefined;

  constructor(options: NodeCertificatesOptions) {
    this.#options = options;
    const { environment, logger, identity, nodeName, client, expirationSeconds, onServing } = options;
    const makeKeyPair = options.makeKeyPair ?? (() => generateKeyPair(environment));
    const common = { environment, logger, client, expirationSeconds, makeKeyPair };
    this.#client = new CertificateKeeper({
      ...common,
      ...clientCertificate,
      name: 'client',
      file: identity.client,
      wanted: () => nodeSubject(nodeName),
      onCertificate: (pair) => {
        options.onClient?.(pair);
        void this.#followAuthority();
      },
    });
    this.#serving = new CertificateKeeper({
      ...common,
      ...servingCertificate,
      name: 'serving',
      file: identity.serving,
      wanted: () => servingContent(nodeName, options.node.get(nodeName)),
      onCertificate: onServing,
    });
  }

  get client(): CertificatePair | undefined {
    return this.#client.current;
  }

  get serving(): CertificatePair | undefined {
    return this.#serving.current;
  }

  async start(): Promise<void> {
    await Promise.all([this.#client.start(), this.#serving.start()]);
    const look = () => this.#serving.look();
    this.#detach = this.#options.node.addHandler({ added: look, updated: look });
  }

  /**
   * An authority near its end gets another certificate for the same key, years before. Once in the life of each certificate of the node
   * is often enough to learn of it.
   */
  async #followAuthority(): Promise<void> {
    const { client, identity, logger } = this.#options;
    try {
      const known = await identity.readAuthority();
      const info = await client.get(configMaps, clusterInfo);
      const published = authorityIn(info.data?.[clusterInfoKubeconfig] ?? '');
      if (known === undefined || published === undefined || published === known) return;
      const hashes = parsePem(known, 'CERTIFICATE').map((der) => publicKeyHash(parseCertificate(der)));
      const isSameKey = parsePem(published, 'CERTIFICATE').every((der) =>
        hashes.includes(publicKeyHash(parseCertificate(der))),
      );
      if (isSameKey) await identity.writeAuthority(published);
    } catch (err) {
      logger.warn('whether the authority was renewed is not known', { err });
    }
  }

  async stop(): Promise<void> {
    this.#detach?.();
    await Promise.all([this.#client.stop(), this.#serving.stop()]);
  }
}

/** The names and addresses that the node tells of itself; undefined before it has told any. */
function servingContent(nodeName: string, node: Node | undefined): CertificateRequestOptions | undefined {
  const addresses = node?.status?.addresses ?? [];
  const of = (...types: readonly string[]) => [
    ...new Set(addresses.flatMap(({ type, address }) => (types.includes(type) ? [address] : []))),
  ];
  const dnsNames = of('Hostname', 'InternalDNS', 'ExternalDNS').sort();
  const ipAddresses = of('InternalIP', 'ExternalIP').sort();
  if (dnsNames.length === 0 && ipAddresses.length === 0) return undefined;
  return { ...nodeSubject(nodeName), dnsNames, ipAddresses };
}
