import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { cgroupHierarchies, cgroupVersion } from '../../src/node/host/linux/cgroup-hierarchies.ts';
import { readMounts } from '../../src/node/host/linux/mount-table.ts';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import type { ContainerConfig, ContainerRuntime, SandboxConfig } from '../../src/node/runtime/runtime.ts';
import { ContainerdFixture } from './containerd-fixture.ts';
import { PodFixture, plainSecurity } from './pod-fixture.ts';

/** That each wish of a pod arrives in its container: what we say to CRI is what containerd understands. */
describe.skipIf(inject('missing').length > 0)('pods on containerd', () => {
  let fixture: ContainerdFixture;
  let runtime: ContainerRuntime;
  beforeAll(async () => {
    fixture = await ContainerdFixture.open();
    runtime = fixture.runtime();
    await fixture.provide(busyboxImage);
  });
  afterAll(async () => {
    await runtime.close();
    expect(await fixture.close()).toEqual([]);
  });

  let pods = 0;
  /** Runs a script to its end and answers its output. */
  const outputOf = async (
    script: string,
    container: Partial<ContainerConfig> = {},
    sandbox: Partial<SandboxConfig> = {},
  ): Promise<string> => {
    const pod = await PodFixture.run(fixture, runtime, `feature-${pods++}`, sandbox);
    const id = await pod.start(busyboxImage.image, { command: ['sh', '-c', script], ...container });
    await pod.exited(id);
    await pod.remove();
    const lines = readFileSync(join(pod.sandbox.logDirectory, '0.log'), 'utf8').trimEnd().split('\n');
    return lines.map((line) => line.split(' ').slice(3).join(' ')).join('\n');
  };
  const secured = (more: Partial<SandboxConfig['securityContext']>) => ({
    securityContext: { ...plainSecurity, ...more },
  });

  test('environment, arguments and working directory', async () => {
    const output = await outputOf('', {
      command: ['sh', '-c'],
      args: ['echo "$GREETING $0 $1 $(pwd)"', 'zero', 'one two'],
      env: [{ name: 'GREETING', value: 'grüß $dich' }],
      workingDirectory: '/var/log',
    });
    expect(output).toBe('grüß $dich zero one two /var/log');
  });

  test('hostname, DNS and sysctls of the sandbox', async () => {
    const output = await outputOf(
      'hostname; cat /etc/resolv.conf; cat /proc/sys/net/ipv4/ip_unprivileged_port_start',
      {},
      {
        hostname: 'web-0',
        dns: {
          servers: ['10.96.0.10'],
          searches: ['shop.svc.cluster.local', 'svc.cluster.local'],
          options: ['ndots:5'],
        },
        sysctls: { 'net.ipv4.ip_unprivileged_port_start': '80' },
      },
    );
    expect(output).toBe(
      'web-0\nsearch shop.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n80',
    );
  });

  test('user, groups and capabilities', async () => {
    const output = await outputOf(
      'id -u; id -g; id -G; grep -E "CapEff|NoNewPrivs|Seccomp:" /proc/self/status | tr -d "\\t"',
      secured({
        runAsUser: 1234,
        runAsGroup: 2345,
        supplementalGroups: [77, 88],
        dropCapabilities: ['ALL'],
        noNewPrivileges: true,
      }),
    );
    expect(output).toBe('1234\n2345\n2345 77 88\nCapEff:0000000000000000\nNoNewPrivs:1\nSeccomp:2');
  });

  test('a capability more, and no seccomp', async () => {
    const script = 'grep -E "CapEff|Seccomp:" /proc/self/status | tr -d "\\t"';
    const drop = { dropCapabilities: ['ALL'], seccomp: { type: 'Unconfined' as const, path: '' } };
    expect(await outputOf(script, secured({ ...drop, addCapabilities: ['NET_ADMIN'] }))).toBe(
      'CapEff:0000000000001000\nSeccomp:0',
    );
  });

  test('a read-only root, and what is masked', async () => {
    const output = await outputOf(
      'touch /x 2>&1; cat /proc/kcore | wc -c; echo 1 2>&1 >/proc/sys/kernel/panic',
      secured({ readOnlyRootFilesystem: true, maskedPaths: ['/proc/kcore'], readonlyPaths: ['/proc/sys'] }),
    );
    expect(output).toContain('touch: /x: Read-only file system');
    expect(output).toContain('\n0\n');
    expect(output).toContain("can't create /proc/sys/kernel/panic: Read-only file system");
  });

  test('mounts, read-only and not; what is mounted later on the host comes in where that is asked for', async () => {
    const volume = join(fixture.directory, 'volume');
    mkdirSync(volume);
    await fixture.host.mount({ type: 'bind', source: volume, target: volume, shared: true });
    mkdirSync(join(volume, 'later'));
    writeFileSync(join(volume, 'file'), 'from the host\n');
    const mount = { hostPath: volume, readOnly: false, propagation: 'private' as const };
    const pod = await PodFixture.run(fixture, runtime, 'mounts');
    const id = await pod.start(busyboxImage.image, {
      command: ['sleep', '1000'],
      mounts: [
        { ...mount, containerPath: '/own' },
        { ...mount, containerPath: '/seen', readOnly: true, propagation: 'hostToContainer' },
      ],
    });
    await fixture.host.mount({ type: 'tmpfs', source: 'tmpfs', target: join(volume, 'later') });
    writeFileSync(join(volume, 'later/new'), '');
    const run = async (script: string) => {
      const { stdout } = await runtime.execSync(id, ['sh', '-c', `${script} 2>&1`], 5000);
      return Buffer.from(stdout).toString().trim();
    };
    expect(await run('cat /own/file')).toBe('from the host');
    expect(await run('echo written > /own/out; cat /seen/out')).toBe('written');
    expect(await run('touch /seen/x')).toContain('Read-only file system');
    expect(await run('ls /own/later; echo -; ls /seen/later')).toBe('-\nnew');
    await fixture.host.unmount(join(volume, 'later'));
    await pod.remove();
    await fixture.host.unmount(volume);
    expect(readFileSync(join(volume, 'out'), 'utf8')).toBe('written\n');
  });

  test('limits stand in the container’s cgroup, below the parent that was named', async () => {
    const parent = `/stuurman-test-${process.pid}/pod1`;
    const limits = { cpuShares: 1024, cpuQuota: 0, cpuPeriod: 0, memoryBytes: 256 << 20, pids: 0 };
    await fixture.host.ensureCgroup(parent.slice(0, parent.lastIndexOf('/')), limits);
    await fixture.host.ensureCgroup(parent, limits);
    const pod = await PodFixture.run(fixture, runtime, 'limits', { cgroupParent: parent });
    const id = await pod.start(busyboxImage.image, {
      command: ['sleep', '1000'],
      resources: { cpuShares: 512, cpuQuota: 25_000, cpuPeriod: 100_000, memoryLimitBytes: 64 << 20, oomScoreAdj: 900 },
    });
    const hierarchies = cgroupHierarchies(await readMounts());
    const version = cgroupVersion(hierarchies);
    const file = (controller: string, name: string) => {
      const hierarchy = hierarchies.find(
        (each) => each.version === version && (version === 2 || each.controllers.includes(controller)),
      );
      return readFileSync(join(hierarchy?.path ?? '', parent, id, name), 'utf8').trim();
    };
    const memory = version === 1 ? 'memory.limit_in_bytes' : 'memory.max';
    expect(file('memory', memory)).toBe(String(64 << 20));
    expect(version === 1 ? file('cpu', 'cpu.cfs_quota_us') : file('cpu', 'cpu.max')).toMatch(/^25000/);
    await runtime.updateContainerResources(id, {
      cpuShares: 512,
      cpuQuota: 50_000,
      cpuPeriod: 100_000,
      memoryLimitBytes: 128 << 20,
      oomScoreAdj: 900,
    });
    expect(file('memory', memory)).toBe(String(128 << 20));
    await pod.remove();
    await fixture.host.removeCgroup(parent);
    await fixture.host.removeCgroup(parent.slice(0, parent.lastIndexOf('/')));
  });

  test('a container that takes more memory than it may is OOMKilled', async () => {
    const pod = await PodFixture.run(fixture, runtime, 'greedy');
    const id = await pod.start(busyboxImage.image, {
      command: ['sh', '-c', 'tail /dev/zero'],
      resources: { cpuShares: 2, cpuQuota: 0, cpuPeriod: 100_000, memoryLimitBytes: 16 << 20, oomScoreAdj: 1000 },
    });
    expect(await pod.exited(id)).toMatchObject({ exitCode: expect.any(Number), reason: 'OOMKilled' });
    await pod.remove();
  });

  test('the host’s network has no address of its own; a shared process namespace shows the sandbox’s program', async () => {
    const ours = readlinkSync('/proc/self/ns/net');
    const sandbox = { hostNetwork: true };
    const pod = await PodFixture.run(fixture, runtime, 'host-network', sandbox);
    expect(pod.address).toBe('');
    await pod.remove();
    expect(await outputOf('readlink /proc/self/ns/net', {}, sandbox)).toBe(ours);
    expect(await outputOf('readlink /proc/self/ns/net')).not.toBe(ours);
    expect(await outputOf('cat /proc/1/comm', {}, { shareProcessNamespace: true })).toBe('pause');
    expect(await outputOf('cat /proc/1/comm; true')).toBe('sh');
    expect(
      await outputOf('readlink /proc/self/ns/pid', secured({ privileged: true }), {
        hostPid: true,
        ...secured({ privileged: true }),
      }),
    ).toBe(readlinkSync('/proc/self/ns/pid'));
  });

  test('a privileged container has the host’s devices and all it may have', async () => {
    const privileged = secured({ privileged: true });
    const output = await outputOf(
      'ls /dev | wc -l; grep CapEff /proc/self/status | tr -d "\\t"',
      privileged,
      privileged,
    );
    const [devices, capabilities] = output.split('\n');
    expect(Number(devices)).toBeGreaterThanOrEqual(readdirSync('/dev').length / 2);
    expect(capabilities).toBe(
      /^CapBnd:\t(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[0].replace('CapBnd:\t', 'CapEff:'),
    );
  });

  test('a program that is not there: the container does not start, and says why', async () => {
    const pod = await PodFixture.run(fixture, runtime, 'missing');
    const started = pod.start(busyboxImage.image, { command: ['/no/such/program'] });
    await expect(started).rejects.toThrow(/no such file or directory/);
    const [container] = (await runtime.listContainers()).filter((each) => each.sandboxId === pod.id);
    expect(await runtime.containerStatus(container?.id ?? '')).toMatchObject({
      state: 'exited',
      exitCode: 128,
      reason: 'StartError',
    });
    await pod.remove();
  });

  test('an image that is not here cannot be used, and is undefined', async () => {
    const pod = await PodFixture.run(fixture, runtime, 'imageless');
    await expect(pod.start('stuurman.local/none:1')).rejects.toMatchObject({ name: 'RuntimeError', code: 'NotFound' });
    expect(await runtime.imageStatus('stuurman.local/none:1')).toBeUndefined();
    await runtime.removeImage('stuurman.local/none:1');
    await pod.remove();
  });

  test('an image is removed by its name, and comes again by import', async () => {
    await runtime.removeImage(busyboxImage.image);
    expect(await runtime.imageStatus(busyboxImage.image)).toBeUndefined();
    await fixture.provide(busyboxImage);
    expect((await runtime.imageStatus(busyboxImage.image))?.tags).toEqual([busyboxImage.image]);
    const archive = join(fixture.directory, 'nonsense.tar');
    writeFileSync(archive, 'nonsense');
    await expect(fixture.containerd.importImage(archive)).rejects.toThrow(/ctr .* import/);
    expect(existsSync(archive)).toBe(true);
  });
});
