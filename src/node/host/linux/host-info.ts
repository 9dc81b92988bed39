import { readFileSync } from 'node:fs';
import { readdir, readFile, statfs } from 'node:fs/promises';
import * as os from 'node:os';
import { join } from 'node:path';
import type { HostInfo } from '../host.ts';
import { cgroupHierarchies, cgroupVersion } from './cgroup-hierarchies.ts';
import { readMounts } from './mount-table.ts';

/** Reads what the machine says of itself. `dataDirectory` is where pods' files are: its file system is the node's disk. */
export async function readHostInfo(dataDirectory: string): Promise<HostInfo> {
  const [machineId, bootId, productUuid, osRelease, routes, meminfo, stat, disk, mounts, pidMax, threadsMax, topology] =
    await Promise.all([
      firstOf(['/etc/machine-id', '/var/lib/dbus/machine-id']),
      readBootId(),
      firstOf(['/sys/class/dmi/id/product_uuid', '/proc/device-tree/vm,uuid']),
      firstOf(['/etc/os-release', '/usr/lib/os-release']),
      firstOf(['/proc/net/route']),
      readFile('/proc/meminfo', 'utf8'),
      readFile('/proc/stat', 'utf8'),
      statfs(dataDirectory),
      readMounts(),
      readFile('/proc/sys/kernel/pid_max', 'utf8'),
      readFile('/proc/sys/kernel/threads-max', 'utf8'),
      readCpuTopology(),
    ]);
  return {
    hostname: os.hostname(),
    machineId: machineId.trim(),
    bootId,
    systemUuid: productUuid.trim() || machineId.trim(),
    kernelVersion: os.release(),
    osImage: osReleaseName(osRelease),
    architecture: kubernetesArchitecture(process.arch),
    cpus: os.cpus().length,
    ...topology,
    memoryBytes: meminfoBytes(meminfo, 'MemTotal'),
    diskBytes: disk.blocks * disk.bsize,
    processesMax: Math.min(Number(pidMax), Number(threadsMax)),
    addresses: nodeAddresses(os.networkInterfaces(), defaultRouteLink(routes)),
    cgroupVersion: cgroupVersion(cgroupHierarchies(mounts)),
    bootedAt: Number(/^btime (\d+)$/m.exec(stat)?.[1] ?? 0) * 1000,
  };
}

export async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

/** The cores of those cpus that are in use, and the sockets that they are in. */
export async function readCpuTopology(
  folder = '/sys/devices/system/cpu',
): Promise<Pick<HostInfo, 'cores' | 'sockets'>> {
  const cpus = (await readdir(folder).catch(() => [])).filter((name) => /^cpu\d+$/.test(name));
  const cores = new Set<string>();
  const sockets = new Set<string>();
  for (const cpu of cpus) {
    const [core, socket] = ['core_id', 'physical_package_id'].map((name) => {
      try {
        return readFileSync(join(folder, cpu, 'topology', name), 'utf8').trim();
      } catch {
        // A cpu that is switched off shows none.
        return undefined;
      }
    });
    if (core === undefined || socket === undefined) continue;
    // Cores are numbered anew in each socket.
    cores.add(`${socket} ${core}`);
    sockets.add(socket);
  }
  return { cores: cores.size, sockets: sockets.size };
}

/** A value of /proc/meminfo, which counts in KiB. */
export function meminfoBytes(text: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
  return Number(match?.[1] ?? 0) * 1024;
}

export function osReleaseName(text: string): string {
  const value = (key: string) => new RegExp(`^${key}=(?:"([^"]*)"|'([^']*)'|(.*))$`, 'm').exec(text);
  const match = value('PRETTY_NAME') ?? value('NAME');
  return match?.[1] ?? match?.[2] ?? match?.[3] ?? 'Linux';
}

/** The link that the IPv4 default route of the smallest metric goes out by, from /proc/net/route. */
export function defaultRouteLink(text: string): string | undefined {
  const routes = text
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .filter((fields) => fields[1] === '00000000' && fields[7] === '00000000')
    .map((fields) => ({ link: fields[0], metric: Number(fields[6]) }));
  return routes.sort((a, b) => a.metric - b.metric)[0]?.link;
}

/**
 * The addresses that others reach this machine by: those of the link of the default route, IPv4 first; where there is no
 * such link, those of any link that looks like hardware. Never loopback or link-local ones.
 */
export function nodeAddresses(
  links: Readonly<Record<string, readonly os.NetworkInterfaceInfo[] | undefined>>,
  defaultLink: string | undefined,
): readonly string[] {
  const usable = (link: string) =>
    (links[link] ?? []).filter((each) => !each.internal && !/^(169\.254\.|fe80:)/i.test(each.address));
  const virtual = /^(lo|docker|br-|veth|cni|virbr|tun|tap|flannel|cali|dummy|ifb|vxlan|st[nvx]?-)/;
  const chosen =
    defaultLink !== undefined && usable(defaultLink).length > 0
      ? usable(defaultLink)
      : Object.keys(links)
          .filter((link) => !virtual.test(link))
          .flatMap(usable);
  const sorted = [...chosen].sort((a, b) => (a.family === b.family ? 0 : a.family === 'IPv4' ? -1 : 1));
  return sorted.map((each) => each.address);
}

/** Node's name of an architecture as Kubernetes (and Go) call it. */
export function kubernetesArchitecture(arch: string): string {
  return { x64: 'amd64', ia32: '386', arm64: 'arm64', loong64: 'loong64' }[arch] ?? arch;
}

/** The text of the first file that can be read and is not empty. */
async function firstOf(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text.trim() !== '') return text;
  }
  return '';
}
