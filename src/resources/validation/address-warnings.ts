import { quote } from '../../machinery/go-text.ts';
import { formatCidr, formatIpAddress, hasHostBits, parseCidr, parseIpAddress } from './ip-address.ts';

/** What is said of an address that could be written more simply, in a field that takes any spelling. */
export function ipWarnings(path: string, text: string): readonly string[] {
  const address = parseIpAddress(text);
  if (address === undefined) return [];
  const simple = quote(formatIpAddress(address));
  if (address.leadingZeros || address.mapped)
    return [`${path}: non-standard IP address ${quote(text)} is invalid: use ${simple}`];
  if (address.family === 4 || simple === quote(text)) return [];
  return [`${path}: IPv6 address ${quote(text)} should be in RFC 5952 canonical format (${simple})`];
}

/** The same of the addresses at which a load balancer answers; those that are names have none. */
export function loadBalancerWarnings(
  status: { readonly ingress?: readonly { readonly ip?: string | undefined }[] | undefined } | undefined,
): readonly string[] {
  return (status?.ingress ?? []).flatMap(({ ip = '' }, index) =>
    ipWarnings(`status.loadBalancer.ingress[${index}]`, ip),
  );
}

/** The same of a range, which may also be the address of a machine with the length of its network. */
export function cidrWarnings(path: string, text: string): readonly string[] {
  const cidr = parseCidr(text);
  if (cidr === undefined) return [];
  const { address } = cidr;
  const simple = quote(formatCidr(cidr));
  const warnings: string[] = [];
  if (hasHostBits(cidr)) {
    const single = quote(`${formatIpAddress(address)}/${address.bytes.length * 8}`);
    warnings.push(
      `${path}: CIDR value ${quote(text)} is ambiguous in this context (should be ${simple} or ${single}?)`,
    );
  }
  if (cidr.leadingZeros || address.mapped)
    warnings.push(`${path}: non-standard CIDR value ${quote(text)} is invalid: use ${simple}`);
  if (warnings.length === 0 && address.family === 6 && simple !== quote(text))
    warnings.push(`${path}: IPv6 CIDR value ${quote(text)} should be in RFC 5952 canonical format (${simple})`);
  return warnings;
}
