import { findContainerdPrograms } from '../../node/containerd/find-programs.ts';

/** How the programs that are missing are had, in words. */
export function installAdvice(missing: readonly string[]): string {
  const packages = 'containerd runc containernetworking-plugins nftables conntrack';
  return `${missing.join(', ')} (on Debian: apt-get install ${packages})`;
}

/** What this machine lacks for running containers, in words; empty when it lacks nothing. */
export async function missingPrograms(): Promise<readonly string[]> {
  const programs = await findContainerdPrograms({ path: process.env['PATH'] ?? '' });
  return 'missing' in programs ? programs.missing : [];
}
