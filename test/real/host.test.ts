import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { cgroupHierarchies } from '../../src/node/host/linux/cgroup-hierarchies.ts';
import { CleanUp } from '../../src/node/host/linux/clean-up.ts';
import { LinuxHost } from '../../src/node/host/linux/linux-host.ts';
import { readMounts } from '../../src/node/host/linux/mount-table.ts';

const environment = new RealEnvironment();

describe.skipIf(inject('missing').length > 0)('LinuxHost on this machine', () => {
  let root: string;
  let host: LinuxHost;
  const open = () => LinuxHost.open({ environment, dataDirectory: root, ledgerFile: join(root, 'ledger.jsonl') });
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'stuurman-host-'));
    host = await open();
  });
  afterEach(async () => {
    expect(await new CleanUp(host, environment).tearDown({ graceMs: 100 })).toEqual([]);
    expect((await readMounts()).filter((mount) => mount.mountPoint.startsWith(root))).toEqual([]);
    rmSync(root, { recursive: true, force: true });
  });

  test('mounts, entered in the ledger before; a tree is removed around what is mounted', async () => {
    mkdirSync(join(root, 'source'));
    mkdirSync(join(root, 'tree/kept'), { recursive: true });
    writeFileSync(join(root, 'tree/gone'), '');
    writeFileSync(join(root, 'source/precious'), 'data');
    await host.mount({ type: 'bind', source: join(root, 'source'), target: join(root, 'tree/kept'), readOnly: true });
    expect(await host.isMounted(join(root, 'tree/kept'))).toBe(true);
    expect(() => writeFileSync(join(root, 'tree/kept/new'), '')).toThrow('EROFS');
    await expect(host.files.remove(join(root, 'tree'))).rejects.toMatchObject({ code: 'EBUSY' });
    expect(existsSync(join(root, 'tree/gone'))).toBe(false);
    expect(readFileSync(join(root, 'source/precious'), 'utf8')).toBe('data');
    await host.unmount(join(root, 'tree/kept'));
    await host.unmount(join(root, 'tree/kept'));
    await host.files.remove(join(root, 'tree'));
    expect(existsSync(join(root, 'tree'))).toBe(false);
    expect(readFileSync(join(root, 'source/precious'), 'utf8')).toBe('data');
    expect(await host.ledger.entries()).toEqual([]);
  });

  test('a tmpfs has the size asked for; a mount that fails leaves nothing', async () => {
    mkdirSync(join(root, 'memory'));
    await host.mount({ type: 'tmpfs', source: 'tmpfs', target: join(root, 'memory'), sizeBytes: 1 << 20 });
    expect(() => writeFileSync(join(root, 'memory/big'), Buffer.alloc(2 << 20))).toThrow('ENOSPC');
    const bad = host.mount({ type: 'bind', source: join(root, 'nothing'), target: join(root, 'memory') });
    await expect(bad).rejects.toThrow(/mount --bind .* does not exist/);
  });

  test('makes a pod cgroup, and removes it with what runs inside', async () => {
    const path = `/stuurman-test-${process.pid}/pod1`;
    const limits = { cpuShares: 512, cpuQuota: 20_000, cpuPeriod: 100_000, memoryBytes: 64 << 20, pids: 50 };
    await host.ensureCgroup(dirname(path), limits);
    await host.ensureCgroup(path, limits);
    await host.ensureCgroup(path, { ...limits, memoryBytes: 128 << 20 });
    const hierarchies = cgroupHierarchies(await readMounts());
    const folders = hierarchies.map((each) => join(each.path, path)).filter((folder) => existsSync(folder));
    expect(folders.length).toBeGreaterThan(0);
    const handle = await host.processes.startDetached({
      name: 'inside',
      command: ['/bin/sh', '-c', 'trap "" TERM; sleep 1000 & wait'],
      logFile: join(root, 'log'),
    });
    // A cpuset of v1 takes processes only when it is filled in, which a runtime does.
    for (const folder of folders.filter((each) => !each.includes('cpuset'))) {
      mkdirSync(join(folder, 'container'));
      writeFileSync(join(folder, 'container/cgroup.procs'), String(handle.pid));
    }
    await host.removeCgroup(path);
    await host.removeCgroup(dirname(path));
    expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
    expect(await host.processes.isAlive(handle)).toBe(false);
  });

  test('nft applies a ruleset whole or not at all, with its own words', async () => {
    const name = `stuurman-test-${process.pid}`;
    await host.ledger.add({ type: 'nftTable', family: 'inet', name });
    await host.nft(`table inet ${name} {\n chain a { }\n}\n`);
    await expect(host.nft(`table inet ${name} {\n chain b { }\n}\nadd rule inet ${name} c drop`)).rejects.toThrow(
      /No such file or directory/,
    );
    const rules = execFileSync('nft', ['list', 'table', 'inet', name]).toString();
    expect(rules).toContain('chain a');
    expect(rules).not.toContain('chain b');
  });

  test('a crash leaves a ledger from which another process takes everything down', async () => {
    const name = `st${process.pid}`;
    mkdirSync(join(root, 'outer/inner'), { recursive: true });
    await host.mount({ type: 'tmpfs', source: 'tmpfs', target: join(root, 'outer') });
    mkdirSync(join(root, 'outer/inner'));
    await host.mount({ type: 'tmpfs', source: 'tmpfs', target: join(root, 'outer/inner') });
    await host.ledger.add({ type: 'link', name });
    await host.processes.run(['ip', 'link', 'add', name, 'type', 'bridge']);
    await host.processes.run(['ip', 'addr', 'add', '10.210.250.1/24', 'dev', name]);
    await host.processes.run(['ip', 'link', 'set', name, 'up']);
    await host.ledger.add({ type: 'route', destination: '10.210.251.0/24' });
    await host.processes.run(['ip', 'route', 'add', '10.210.251.0/24', 'dev', name]);
    await host.ledger.add({ type: 'nftTable', family: 'ip', name });
    await host.nft(`table ip ${name} {\n chain a { }\n}\n`);
    await host.ledger.add({ type: 'netns', path: join(root, 'ns') });
    writeFileSync(join(root, 'ns'), '');
    await host.processes.run(['unshare', `--net=${join(root, 'ns')}`, 'true']);
    const handle = await host.processes.startDetached({
      name: 'sleeper',
      command: ['sleep', '1000'],
      logFile: join(root, 'log'),
    });
    await host.ledger.add({ type: 'link', name: 'never-made' });

    const other = await open();
    expect(await other.ledger.entries()).toHaveLength(8);
    expect(await new CleanUp(other, environment).tearDown()).toEqual([]);
    expect(await other.ledger.entries()).toEqual([]);
    expect(await new CleanUp(other, environment).tearDown()).toEqual([]);

    expect(await host.processes.isAlive(handle)).toBe(false);
    expect(existsSync(join(root, 'ns'))).toBe(false);
    expect(existsSync(`/sys/class/net/${name}`)).toBe(false);
    expect(execFileSync('nft', ['list', 'tables']).toString()).not.toContain(name);
    host = await open();
  });

  test('sets a sysctl', async () => {
    const path = '/proc/sys/net/ipv4/ip_forward';
    const before = readFileSync(path, 'utf8').trim();
    await host.sysctl('net.ipv4.ip_forward', before);
    expect(readFileSync(path, 'utf8').trim()).toBe(before);
    await expect(host.sysctl('net/../../etc/passwd', 'x')).rejects.toThrow('is not the name of a sysctl');
    await expect(host.sysctl('net.no.such', '1')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
