import type { Client } from '../../client/client.ts';
import { createInformerFactory } from '../../client/informers/informer-factory.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { IdentityFiles } from '../../node/certificates/identity-files.ts';
import { identityProblem, joinCluster, requireIdentity } from '../../node/certificates/join-cluster.ts';
import { NodeCertificates } from '../../node/certificates/node-certificates.ts';
import type { ReachApi } from '../../node/certificates/reach-api.ts';
import type { Files } from '../../node/host/host.ts';
import { type AgentSources, ownSources } from '../../node/sources.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import type { ClientTls } from '../../wire/http-client/client-tls.ts';
import type { Certificate } from '../../wire/pki/certificate.ts';
import type { KeyPair } from '../../wire/pki/key-pair.ts';

/** How machines of this process find the cluster that they join. */
export interface JoinableCluster {
  readonly servers: readonly string[];
  readonly reach: ReachApi;
  readonly authorityHash: () => string;
  /** Absent: new P-256 keys. */
  readonly makeKeyPair?: (() => KeyPair) | undefined;
}

/** How a simulated node joins instead of being given an identity. */
export interface SimulatedJoin {
  /** `id.secret`; absent: what the machine has from before must do. */
  readonly token?: string | undefined;
  /** How long its certificates shall live; a year unless given. */
  readonly expirationSeconds?: number | undefined;
}

export interface JoinedIdentityOptions {
  readonly cluster: JoinableCluster;
  readonly join: SimulatedJoin;
  readonly nodeName: string;
  readonly files: Files;
  readonly environment: Environment;
  readonly logger: Logger;
  /** What lies between the machine and the API. */
  readonly across: (client: Client) => Client;
}

const directory = '/var/lib/stuurman/identity';

/** The identity of a simulated machine that joined by a token, as a real one has it: certificates of its own, renewed by requests. */
export class JoinedIdentity {
  readonly client: Client;
  readonly sources: AgentSources;
  readonly #certificates: NodeCertificates;
  readonly #informers: ReturnType<typeof createInformerFactory>;

  /** Joins where that is needed. Throws `IdentityError`. */
  static async open(options: JoinedIdentityOptions): Promise<JoinedIdentity> {
    const { cluster, join, nodeName, files, environment } = options;
    const identity = new IdentityFiles(files, directory);
    const found = (await identity.client.read())?.certificate;
    const authorityPem = (await identity.readAuthority()) ?? '';
    if (join.token !== undefined && identityProblem(found, authorityPem, nodeName, environment.now()) !== undefined) {
      const { expirationSeconds, token } = join;
      const trust = { authorityHashes: [cluster.authorityHash()] };
      await joinCluster({ ...cluster, environment, identity, nodeName, token, trust, expirationSeconds });
    }
    await requireIdentity(identity, nodeName, environment.now());
    const pem = (await identity.client.read())?.pem;
    return new JoinedIdentity(options, identity, {
      authorityPem: await identity.readAuthority(),
      certificatePem: pem,
      keyPem: pem,
    });
  }

  private constructor(options: JoinedIdentityOptions, identity: IdentityFiles, first: ClientTls) {
    const { cluster, join, nodeName, environment, logger, across } = options;
    let tls = first;
    this.client = across(cluster.reach(cluster.servers, { tls: () => tls }).client);
    this.#informers = createInformerFactory({ client: this.client, environment, logger });
    this.sources = ownSources({ client: this.client, informers: this.#informers, environment, logger, nodeName });
    this.#certificates = new NodeCertificates({
      environment,
      logger,
      identity,
      nodeName,
      client: this.client,
      node: this.#informers.informer(nodes, { fieldSelector: `metadata.name=${nodeName}` }),
      expirationSeconds: join.expirationSeconds,
      makeKeyPair: cluster.makeKeyPair,
      onServing: () => {},
      onClient: ({ pem }) => {
        tls = { ...tls, certificatePem: pem, keyPem: pem };
      },
    });
  }

  /** From here on the certificates are renewed. */
  start(): Promise<void> {
    return this.#certificates.start();
  }

  get clientCertificate(): Certificate | undefined {
    return this.#certificates.client?.certificate;
  }

  get servingCertificate(): Certificate | undefined {
    return this.#certificates.serving?.certificate;
  }

  async stop(): Promise<void> {
    await this.#certificates.stop();
    await this.#informers.stop();
  }
}
