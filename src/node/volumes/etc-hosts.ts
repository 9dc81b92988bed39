import type { Pod } from '../../resources/schema/core-v1.generated.ts';

const header = '# Kubernetes-managed hosts file.\n';
const hostNetworkHeader = '# Kubernetes-managed hosts file (host network).\n';
const local = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
  '',
].join('\n');

/** A pod's /etc/hosts. `machine`: the node's own, for a pod on the host's network. */
export function etcHosts(
  pod: Pod,
  podIps: readonly string[],
  hostname: string,
  clusterDomain: string,
  machine: string,
): string {
  const aliases = hostAliases(pod);
  if (pod.spec?.hostNetwork === true) return hostNetworkHeader + machine + aliases;
  const { subdomain = '', hostnameOverride } = pod.spec ?? {};
  const [short = hostname] = hostname.split('.', 1);
  // A name that is given as it is to be has no other.
  const isAlone = subdomain === '' || hostnameOverride !== undefined;
  const domain = isAlone ? '' : `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}`;
  const names = domain === '' ? hostname : `${short}.${domain}\t${short}`;
  return header + local + podIps.map((ip) => `${ip}\t${names}\n`).join('') + aliases;
}

function hostAliases(pod: Pod): string {
  const aliases = pod.spec?.hostAliases ?? [];
  if (aliases.length === 0) return '';
  const lines = aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`);
  return `\n# Entries added by HostAliases.\n${lines.join('')}`;
}
