import type { Node } from '../../resources/schema/core-v1.generated.ts';
import type { CertificateRequest } from '../../wire/pki/certificate-request.ts';

/** Whose request it is: what the server noted about the requestor. */
export interface Requestor {
  readonly username: string;
  readonly groups: readonly string[];
}

/** The cluster's nodes, as far as addresses go, and the addresses at which its API is. */
export interface KnownAddresses {
  node(name: string): Node | undefined;
  /** Names of nodes that report this address or name. */
  nodesAt(address: string): Iterable<string>;
  isApiServer(address: string): boolean;
}

/**
 * Why a request for a serving certificate is not to be approved (yet); undefined when it is. A node vouches for its own addresses in
 * its Node object, so one that was taken over could name any: therefore none that another node or the API server has, for with their
 * certificates it could stand in for them.
 */
export function servingObjection(
  { subject, alternativeNames }: CertificateRequest,
  requestor: Requestor,
  known: KnownAddresses,
): string | undefined {
  if (requestor.username !== subject.commonName || !requestor.groups.includes('system:nodes'))
    return `${requestor.username} asks for a certificate of ${subject.commonName}`;
  const name = subject.commonName.slice('system:node:'.length);
  const node = known.node(name);
  if (node === undefined) return `there is no node ${name}`;
  const own = node.status?.addresses ?? [];
  for (const asked of alternativeNames.ipAddresses) {
    if (!own.some(({ type, address }) => isIpType(type) && address === asked))
      return `the node ${name} does not have the address ${asked}`;
    if (known.isApiServer(asked)) return `${asked} is the address of the API server`;
  }
  for (const asked of alternativeNames.dnsNames) {
    if (asked !== name && !own.some(({ type, address }) => !isIpType(type) && address === asked))
      return `the node ${name} does not have the name ${asked}`;
    if (asked !== name && known.node(asked) !== undefined) return `${asked} is the name of another node`;
  }
  for (const asked of [...alternativeNames.ipAddresses, ...alternativeNames.dnsNames]) {
    const [other] = [...known.nodesAt(asked)].filter((each) => each !== name);
    if (other !== undefined) return `${asked} is an address of the node ${other} too`;
  }
  return undefined;
}

function isIpType(type: string): boolean {
  return type === 'InternalIP' || type === 'ExternalIP';
}
