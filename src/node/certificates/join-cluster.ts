import { isConditionTrue } from '../../machinery/conditions.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { isReason } from '../../machinery/status-error.ts';
import { parseBootstrapToken } from '../../resources/bootstrap/bootstrap-token.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import type { Certificate } from '../../wire/pki/certificate.ts';
import { parseCertificate } from '../../wire/pki/certificate.ts';
import { certificateValidity } from '../../wire/pki/certificate-validity.ts';
import { generateKeyPair, type KeyPair } from '../../wire/pki/key-pair.ts';
import { parsePem } from '../../wire/pki/pem.ts';
import { certificatePair } from './certificate-file.ts';
import { checkCertificate } from './certificate-keeper.ts';
import { type ClusterTrust, type DiscoveredCluster, discoverCluster } from './discover-cluster.ts';
import { explainFailure } from './explain-failure.ts';
import { IdentityError, newTokenAdvice } from './identity-error.ts';
import type { IdentityFiles } from './identity-files.ts';
import { clientCertificate, nodeSubject } from './node-subject.ts';
import type { ReachApi } from './reach-api.ts';
import { requestCertificate } from './request-certificate.ts';

export interface JoinOptions {
  readonly environment: Environment;
  readonly identity: IdentityFiles;
  readonly nodeName: string;
  /** URLs under which the cluster may be reached. */
  readonly servers: readonly string[];
  /** `id.secret`. */
  readonly token: string;
  readonly trust: ClusterTrust;
  readonly reach: ReachApi;
  /** How long the certificate shall live; absent: as long as the cluster gives. */
  readonly expirationSeconds?: number | undefined;
  /** P-256 keys unless given. */
  readonly makeKeyPair?: (() => KeyPair) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What joining a cluster left: a client certificate, and a kubeconfig that uses it, in `identity`. */
export interface JoinedCluster extends DiscoveredCluster {
  /** Whether a certificate was obtained now; false: the one that was there is still good. */
  readonly renewed: boolean;
}

/**
 * Makes this machine known to a cluster: learns by token and hash whom to trust, obtains a client certificate for the node's name, and
 * writes both down. May be repeated at any time; a certificate of the same cluster that is still good is kept. Throws `IdentityError`, whose
 * message says what to do.
 */
export async function joinCluster(options: JoinOptions): Promise<JoinedCluster> {
  const { identity, environment, nodeName } = options;
  const token = parseBootstrapToken(options.token);
  if (token === undefined)
    throw new IdentityError(
      `this is no bootstrap token: it has six small letters or digits, a dot, and sixteen more; ${newTokenAdvice}`,
    );
  const cluster = await discoverCluster({ ...options, token });
  const kept = await identity.client.read();
  const isGood =
    kept !== undefined &&
    identityProblem(kept.certificate, cluster.authorityPem, nodeName, environment.now()) === undefined;
  if (!isGood) {
    await checkName(options, cluster);
    await identity.writeCluster(cluster.servers, cluster.authorityPem);
    await identity.client.write(await firstCertificate(options, cluster));
  } else await identity.writeCluster(cluster.servers, cluster.authorityPem);
  return { ...cluster, renewed: !isGood };
}

/**
 * Why the client certificate of a node is of no use, with what to do; undefined when it is good. For an agent that starts without a
 * token, such as one that slept for longer than its certificate lives.
 */
export function identityProblem(
  certificate: Certificate | undefined,
  authorityPem: string,
  nodeName: string,
  now: number,
): string | undefined {
  if (certificate === undefined) return `the node ${nodeName} has no client certificate: ${newTokenAdvice}`;
  const authorities = parsePem(authorityPem, 'CERTIFICATE').map(parseCertificate);
  if (!authorities.some((authority) => certificate.x509.verify(authority.x509.publicKey)))
    return `the client certificate of the node ${nodeName} is of another cluster: ${newTokenAdvice}`;
  if (certificate.subject.commonName !== nodeSubject(nodeName).commonName)
    return `the client certificate is that of ${certificate.subject.commonName}, and not of the node ${nodeName}: ${newTokenAdvice}`;
  const { state } = certificateValidity(certificate, now);
  const clock = new Date(now).toISOString();
  if (state === 'expired')
    return `the client certificate of the node ${nodeName} expired at ${new Date(certificate.notAfterMs).toISOString()}, and it is ${clock}: ${newTokenAdvice}. If the clock of this machine is wrong, set it`;
  if (state === 'notYetValid')
    return `the client certificate of the node ${nodeName} is valid from ${new Date(certificate.notBeforeMs).toISOString()}, and the clock of this machine says ${clock}: set the clock`;
  return undefined;
}

/** Throws `IdentityError` when what this machine has to prove itself with is of no use. */
export async function requireIdentity(identity: IdentityFiles, nodeName: string, now: number): Promise<void> {
  const pair = await identity.client.read();
  const problem = identityProblem(pair?.certificate, (await identity.readAuthority()) ?? '', nodeName, now);
  if (problem !== undefined) throw new IdentityError(problem);
}

/** Two machines of one name would take each other's pods. */
async function checkName(options: JoinOptions, cluster: DiscoveredCluster): Promise<void> {
  const { nodeName, signal } = options;
  await withToken(options, cluster, async (client) => {
    const node = await client.get(nodes, { name: nodeName }, { signal }).catch((error: unknown) => {
      // Whether a token may look at nodes is up to who made it.
      if (isReason(error, 'NotFound') || isReason(error, 'Forbidden')) return undefined;
      throw error;
    });
    if (isConditionTrue(node?.status?.conditions, 'Ready'))
      throw new IdentityError(
        `a node named ${nodeName} is in the cluster already, and ready: give this machine another name, or remove that node first ("kubectl delete node ${nodeName}")`,
      );
  });
}

async function firstCertificate(options: JoinOptions, cluster: DiscoveredCluster) {
  const { environment, identity, nodeName, expirationSeconds, signal } = options;
  const { makeKeyPair = () => generateKeyPair(environment) } = options;
  const pending = await identity.client.pendingRequest(() => ({ keyPair: makeKeyPair(), id: environment.id() }));
  const { keyPair } = pending;
  const wish = { ...clientCertificate, content: nodeSubject(nodeName), pending, expirationSeconds };
  try {
    const certificate = await withToken(options, cluster, (client) =>
      requestCertificate(client, environment, wish, signal),
    );
    const pair = certificatePair(certificate, keyPair);
    checkCertificate(pair, environment.now());
    return pair;
  } catch (error) {
    if (error instanceof IdentityError && !error.mayPass) await identity.client.dropPendingRequest();
    throw error;
  }
}

async function withToken<R>(
  { reach, token, environment }: JoinOptions,
  { servers, authorityPem }: DiscoveredCluster,
  work: (client: ReturnType<ReachApi>['client']) => Promise<R>,
): Promise<R> {
  const tls = { authorityPem };
  const { client, close } = reach(servers, { tls: () => tls, token });
  try {
    return await work(client);
  } catch (error) {
    throw explainFailure(error, { servers, now: environment.now(), shown: 'token' });
  } finally {
    close();
  }
}
