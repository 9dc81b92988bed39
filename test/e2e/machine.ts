import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { run } from './demo-cluster.ts';

/** A process of this machine. */
interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Its cgroup, and its command line. */
  readonly cgroup: string;
  readonly command: string;
}

/** The processes of this machine; one that ends meanwhile is left out. */
export function processes(): readonly Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const status = readFileSync(`/proc/${name}/status`, 'utf8');
        if (/^State:\s+[ZX]/m.test(status)) return [];
        const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]);
        const cgroup = readFileSync(`/proc/${name}/cgroup`, 'utf8');
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return [{ pid: Number(name), parent, cgroup, command }];
      } catch {
        return [];
      }
    });
}

/** The first process of a container, by its id as a pod's status has it (`containerd://...`). */
export function processOfContainer(containerId: string): number {
  const id = containerId.replace(/^\w+:\/\//, '');
  const inside = processes().filter(({ cgroup }) => cgroup.includes(id));
  const first = inside.find(({ parent }) => !inside.some(({ pid }) => pid === parent));
  if (first === undefined) throw new Error(`no process runs in container ${id}`);
  return first.pid;
}

export function isAlive(pid: number): boolean {
  return processes().some((each) => each.pid === pid);
}

/** The agent of the cluster in a directory. */
export function agentOf(directory: string): number {
  const found = processes().filter(({ command }) => command.includes(` agent ${directory}/`));
  if (found.length !== 1) throw new Error(`${found.length} agents of ${directory} run`);
  return found[0]?.pid ?? 0;
}

/** What of a cluster is on this machine: processes, mounts, links with all that hang on them, rules, cgroups, network namespaces. */
export async function tracesOf(id: string, directory: string): Promise<readonly string[]> {
  const ours = (text: string) => text.includes(id) || text.includes(`${directory}/`);
  const links = JSON.parse((await run('ip', ['-j', 'link', 'show'])).stdout) as readonly {
    readonly ifname: string;
    readonly master?: string;
  }[];
  const tables = (await run('nft', ['list', 'tables'])).stdout.split('\n');
  const cgroups = (await run('find', ['/sys/fs/cgroup', '-type', 'd', '-name', `*${id}*`])).stdout.split('\n');
  const filesIn = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []).filter(ours);
  return [
    ...processes()
      .filter(({ command, cgroup }) => ours(command) || ours(cgroup))
      .map(({ pid, command }) => `process ${pid} ${command}`),
    ...readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter(ours)
      .map((mount) => `mount ${mount}`),
    ...links.filter(({ ifname, master = '' }) => ours(ifname) || ours(master)).map(({ ifname }) => `link ${ifname}`),
    ...tables.filter(ours),
    ...cgroups.filter((each) => each !== '').map((each) => `cgroup ${each}`),
    ...['/run', '/run/netns'].flatMap((folder) => filesIn(folder).map((name) => `${folder}/${name}`)),
  ];
}
