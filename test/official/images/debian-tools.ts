import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { baseLayer } from '../../../src/node/images/making/base-layer.ts';
import { type LayerEntry, link } from '../../../src/node/images/making/layer-entry.ts';
import { PackageTree } from '../../../src/node/images/making/package-tree.ts';

/** A system with the tools that the suite calls in its pods: shells, and what looks at files, processes and networks. */
export const debianTools: readonly string[] = [
  ...['bash', 'dash', 'coreutils', 'findutils', 'grep', 'sed', 'mawk', 'tar', 'gzip', 'hostname', 'procps', 'libc-bin'],
  ...['util-linux', 'mount', 'iproute2', 'curl', 'wget', 'bind9-dnsutils', 'netcat-openbsd', 'iperf', 'socat'],
];

/** What packages need to be installed or to be managed, not to run. */
export const notToRun: readonly RegExp[] = [
  /^(debconf|cdebconf)/,
  /^(dpkg|adduser|ucf|lsb-base|init-system-helpers|sysvinit-utils|media-types|openssl|debianutils|tzdata)$/,
  /^(perl|perl-base|libperl.*|ssl-cert|locales|locales-all|netbase|passwd|login|libpam-runtime|base-passwd)$/,
  /^(python3?|libpython).*/,
];

/** Every program of the unpacked packages, with the libraries it needs, upon the base that all images have. */
export async function debianSystem(root: string): Promise<readonly LayerEntry[]> {
  const tree = new PackageTree(root);
  for (const folder of ['bin', 'sbin']) {
    for (const place of [`/${folder}`, `/usr/${folder}`]) {
      const names = existsSync(join(root, place)) ? await readdir(join(root, place)) : [];
      for (const name of names.sort()) await tree.take(`/usr/${folder}/${name}`);
    }
  }
  // Debian decides these when it installs the packages.
  const chosen = { sh: 'dash', awk: 'mawk', nc: 'nc.openbsd', netcat: 'nc.openbsd' };
  return [
    ...baseLayer(),
    ...tree.entries(),
    ...Object.entries(chosen).map(([name, program]) => link(`/usr/bin/${name}`, program)),
  ];
}
