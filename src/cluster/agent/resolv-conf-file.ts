import { existsSync, readFileSync } from 'node:fs';
import { parseResolvConf } from '../../node/pods/dns-config.ts';

/** Where systemd-resolved names the servers that it asks itself. */
const behindTheStub = '/run/systemd/resolve/resolv.conf';

/**
 * The file that names the resolvers of this machine to its nodes and pods. One on loopback answers nobody in another network namespace, so
 * those behind it are taken where systemd-resolved tells them; kubeadm chooses like this.
 */
export function resolvConfFile(usual = '/etc/resolv.conf', behind = behindTheStub): string {
  if (!existsSync(usual) || !existsSync(behind)) return usual;
  const { servers } = parseResolvConf(readFileSync(usual, 'utf8'));
  return servers.length > 0 && servers.every((server) => /^(127\.|::1$)/.test(server)) ? behind : usual;
}
