import { ControlPlane } from '../../src/cluster/control-plane/control-plane.ts';
import { adminUser } from '../../src/cluster/control-plane/users.ts';
import { type ReachableApi, simulatedReach } from '../../src/cluster/simulated/simulated-reach.ts';
import type { Environment } from '../../src/machinery/environment/environment.ts';
import type { VirtualEnvironment } from '../../src/machinery/environment/virtual.ts';
import { silentLogger } from '../../src/machinery/log.ts';
import { silentMetrics } from '../../src/machinery/metrics.ts';
import { IdentityFiles } from '../../src/node/certificates/identity-files.ts';
import { MemoryFiles } from '../../src/node/host/simulated/memory-files.ts';
import { bootstrapSecretName } from '../../src/resources/bootstrap/bootstrap-token.ts';
import { secrets } from '../../src/resources/schema/resource-types.generated.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { CertificateAuthority } from '../../src/wire/pki/certificate-authority.ts';
import { publicKeyHash } from '../../src/wire/pki/public-key-hash.ts';
import { virtualEnvironment } from './environment.ts';

const dayMs = 24 * 3600_000;

/** A control plane in virtual time without a node, and machines that know nothing of it yet. */
export class JoinWorld {
  readonly environment: VirtualEnvironment;
  readonly controlPlane: ControlPlane;
  readonly authority: CertificateAuthority;
  readonly api: ReachableApi;

  static async make(environment: VirtualEnvironment = virtualEnvironment(1)): Promise<JoinWorld> {
    const world = new JoinWorld(environment);
    await world.controlPlane.serve();
    await world.controlPlane.work();
    return world;
  }

  private constructor(environment: VirtualEnvironment) {
    this.environment = environment;
    this.authority = CertificateAuthority.create(environment, { commonName: 'ca', validityMs: 3650 * dayMs });
    const url = 'https://control-plane:6443';
    this.controlPlane = new ControlPlane({
      environment,
      store: new MemoryStore({ environment }),
      logger: silentLogger,
      metrics: silentMetrics,
      podRange: '10.244.0.0/16',
      serviceRange: '10.96.0.0/16',
      serviceAccountKey: this.authority.keyPair.privateKey,
      authorityPem: this.authority.certificate.pem,
      authority: () => this.authority,
      joinServers: [url, 'https://10.0.0.1:6443'],
      volumeDirectory: '/var/lib/volumes',
    });
    this.api = { url, handler: this.controlPlane.api, authority: () => this.authority };
  }

  get client() {
    return this.controlPlane.client(adminUser);
  }

  get hash(): string {
    return publicKeyHash(this.authority.certificate);
  }

  reach(...others: readonly JoinWorld[]) {
    return simulatedReach(
      this.environment,
      [this, ...others].map(({ api }) => api),
      'test',
    );
  }

  /** Makes a token, and waits until `cluster-info` is signed with it. */
  async token(id: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
    const secret = '0123456789abcdef';
    await this.client.create(secrets, {
      metadata: { namespace: 'kube-system', name: bootstrapSecretName(id) },
      type: 'bootstrap.kubernetes.io/token',
      stringData: {
        'token-id': id,
        'token-secret': secret,
        'usage-bootstrap-authentication': 'true',
        'usage-bootstrap-signing': 'true',
        'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
        ...more,
      },
    });
    await this.environment.advance(1_000);
    return `${id}.${secret}`;
  }

  /** The environment of a machine whose clock goes wrong. */
  withClockOff(byMs: number): Environment {
    const { environment } = this;
    return {
      now: () => environment.now() + byMs,
      monotonic: () => environment.monotonic(),
      setTimer: (...args) => environment.setTimer(...args),
      sleep: (...args) => environment.sleep(...args),
      turn: () => environment.turn(),
      deadline: (...args) => environment.deadline(...args),
      random: () => environment.random(),
      randomBytes: (length) => environment.randomBytes(length),
      id: () => environment.id(),
    };
  }

  machine() {
    const files = new MemoryFiles(this.environment);
    return { files, identity: new IdentityFiles(files, '/identity') };
  }

  /** Resolves to what a promise comes to while time passes. */
  async during<T>(promise: Promise<T>, ms = 10_000): Promise<T> {
    promise.catch(() => {});
    await this.environment.advance(ms);
    return promise;
  }

  async stop(): Promise<void> {
    await this.controlPlane.stop();
  }
}
