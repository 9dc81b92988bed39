import { timingSafeEqual } from 'node:crypto';
import { type KubeconfigCluster, parseKubeconfig } from '../../client/kubeconfig/kubeconfig.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { BootstrapToken } from '../../resources/bootstrap/bootstrap-token.ts';
import { clusterInfo, clusterInfoKubeconfig, signatureKey } from '../../resources/bootstrap/cluster-info.ts';
import type { ConfigMap } from '../../resources/schema/core-v1.generated.ts';
import { configMaps } from '../../resources/schema/resource-types.generated.ts';
import type { ClientTls } from '../../wire/http-client/client-tls.ts';
import { parseCertificate } from '../../wire/pki/certificate.ts';
import { detachedSignature } from '../../wire/pki/detached-signature.ts';
import { parsePem, toPem } from '../../wire/pki/pem.ts';
import { publicKeyHash } from '../../wire/pki/public-key-hash.ts';
import { explainFailure } from './explain-failure.ts';
import { IdentityError, newTokenAdvice } from './identity-error.ts';
import type { ReachApi } from './reach-api.ts';

/** By what a machine knows the cluster that it wants to join: the authority itself, or hashes of its public key, one of which must fit. */
export type ClusterTrust =
  | { readonly authorityPem: string }
  /** Each `sha256:<hex>` of a SubjectPublicKeyInfo, as kubeadm writes them. */
  | { readonly authorityHashes: readonly string[] };

export interface DiscoveryOptions {
  readonly environment: Pick<Environment, 'now'>;
  /** URLs; one that works is enough. */
  readonly servers: readonly string[];
  readonly token: BootstrapToken;
  readonly trust: ClusterTrust;
  readonly reach: ReachApi;
  readonly signal?: AbortSignal | undefined;
}

export interface DiscoveredCluster {
  /** Those asked, and those that the cluster names. */
  readonly servers: readonly string[];
  readonly authorityPem: string;
}

/**
 * Learns from `cluster-info` whom to trust. What is read is believed when the token's secret has signed it, the authority in it has a
 * hash that was expected, and a connection verified by that authority shows the same again. Throws `IdentityError`.
 */
export async function discoverCluster(options: DiscoveryOptions): Promise<DiscoveredCluster> {
  const { trust } = options;
  if ('authorityPem' in trust) return { servers: options.servers, authorityPem: trust.authorityPem };
  const expected = trust.authorityHashes.map((hash) => hash.toLowerCase());
  for (const hash of expected) {
    if (!/^sha256:[0-9a-f]{64}$/.test(hash))
      throw new IdentityError(`"${hash}" is no hash of an authority: it reads sha256: and 64 hexadecimal digits`);
  }
  const first = await readClusterInfo(options, { insecureSkipVerify: true });
  const found = verifiedContent(first, options);
  const authorityPem = expectedAuthorities(found.authorityPem, expected, options.servers);
  const again = await readClusterInfo(options, { authorityPem });
  if (verifiedContent(again, options).authorityPem !== found.authorityPem)
    throw new IdentityError('cluster-info changed while it was being verified: try again', { mayPass: true });
  return { servers: [...new Set([...options.servers, ...found.servers])], authorityPem };
}

async function readClusterInfo(options: DiscoveryOptions, tls: ClientTls): Promise<ConfigMap> {
  const { servers, reach, environment, signal } = options;
  const { client, close } = reach(servers, { tls: () => tls });
  try {
    return await client.get(configMaps, clusterInfo, { signal });
  } catch (error) {
    if (isReason(error, 'NotFound') || isReason(error, 'Forbidden') || isReason(error, 'Unauthorized')) {
      throw new IdentityError(
        `${servers.join(', ')} does not publish the ConfigMap kube-public/cluster-info, by which machines join: check that this is the address of the API`,
        { cause: error },
      );
    }
    throw explainFailure(error, { servers, now: environment.now(), shown: 'nothing' });
  } finally {
    close();
  }
}

/** What a ConfigMap says that the token vouches for. */
function verifiedContent(info: ConfigMap, { token, servers }: DiscoveryOptions): DiscoveredCluster {
  const where = servers.join(', ');
  const content = info.data?.[clusterInfoKubeconfig] ?? '';
  const signature = info.data?.[signatureKey(token.id)];
  if (signature === undefined)
    throw new IdentityError(
      `the cluster at ${where} does not know the token ${token.id}: it has expired, was deleted, or is of another cluster; ${newTokenAdvice}`,
    );
  if (!isSame(signature, detachedSignature(content, token.id, token.secret)))
    throw new IdentityError(
      `the token ${token.id} is known to the cluster at ${where}, but with another secret: check that the token was copied whole; else ${newTokenAdvice}`,
    );
  const authorityPem = authorityIn(content);
  if (authorityPem === undefined) throw new IdentityError(`cluster-info of ${where} names no authority`);
  return { servers: clustersIn(content).flatMap(({ server }) => server ?? []), authorityPem };
}

/** The authority that the kubeconfig in `cluster-info` names, PEM. */
export function authorityIn(kubeconfig: string): string | undefined {
  const data = clustersIn(kubeconfig)[0]?.['certificate-authority-data'];
  return data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8');
}

function clustersIn(kubeconfig: string): readonly KubeconfigCluster[] {
  return (parseKubeconfig(kubeconfig, clusterInfo.name).clusters ?? []).map(({ cluster }) => cluster);
}

/** Those of the authorities that were expected: of a bundle no other may come in with them. */
function expectedAuthorities(pem: string, expected: readonly string[], servers: readonly string[]): string {
  const certificates = parsePem(pem, 'CERTIFICATE').map(parseCertificate);
  const good = certificates.filter((certificate) => expected.includes(publicKeyHash(certificate)));
  if (good.length > 0) return good.map(({ der }) => toPem('CERTIFICATE', der)).join('');
  const found = certificates.map(publicKeyHash).join(', ');
  throw new IdentityError(
    `the authority of the cluster at ${servers.join(', ')} has the hash ${found}, and not ${expected.join(' or ')}: it is another cluster, or somebody is in between; compare with "stuurman token create --print-join-command" on the server`,
  );
}

function isSame(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
