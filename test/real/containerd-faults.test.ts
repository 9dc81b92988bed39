import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { readMounts } from '../../src/node/host/linux/mount-table.ts';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import type { ContainerRuntime, RuntimeEvent } from '../../src/node/runtime/runtime.ts';
import { ContainerdFixture } from './containerd-fixture.ts';
import { PodFixture } from './pod-fixture.ts';

describe.skipIf(inject('missing').length > 0)('a containerd that is killed', () => {
  let fixture: ContainerdFixture;
  let runtime: ContainerRuntime;
  beforeEach(async () => {
    fixture = await ContainerdFixture.open();
    runtime = fixture.runtime();
    await fixture.provide(busyboxImage);
  });
  afterEach(async () => {
    await runtime.close();
    expect(await fixture.close()).toEqual([]);
    await expectNothingLeft();
  });

  const sleeping = { command: ['sh', '-c', 'trap "exit 5" TERM; while :; do sleep 0.1; done'] };

  async function expectNothingLeft() {
    const { runDirectory } = fixture;
    expect((await readMounts()).filter((mount) => mount.mountPoint.includes(runDirectory))).toEqual([]);
    expect(existsSync(runDirectory)).toBe(false);
    expect(processesOf(runDirectory)).toEqual([]);
  }

  function processesOf(directory: string): readonly string[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
          return line.includes(directory) ? [line] : [];
        } catch {
          return [];
        }
      });
  }

  async function containerdProcess() {
    for (const entry of await fixture.host.ledger.entries()) if (entry.type === 'process') return entry.handle;
    throw new Error('containerd is not in the ledger');
  }

  async function killContainerd() {
    const handle = await containerdProcess();
    await fixture.host.processes.signal(handle, 'SIGKILL');
    while (await fixture.host.processes.isAlive(handle)) await fixture.environment.sleep(5);
  }

  test('its containers run on; the next one finds them, and what ended meanwhile', async () => {
    const pod = await PodFixture.run(fixture, runtime, 'survivor');
    const staying = await pod.start(busyboxImage.image, sleeping);
    const leaving = await pod.start(busyboxImage.image, { command: ['sh', '-c', 'sleep 1; exit 9'] });
    const events = runtime.events(new AbortController().signal)[Symbol.asyncIterator]();
    const next = events.next();
    const lost = expect(next).rejects.toMatchObject({ name: 'RuntimeError', code: 'Unavailable' });
    await killContainerd();
    await lost;
    await expect(runtime.listContainers()).rejects.toMatchObject({ code: 'Unavailable' });
    await fixture.environment.sleep(1200);
    expect(await fixture.containerd.start()).toBe('started');
    const status = await pod.until(() => runtime.containerStatus(staying).catch(() => undefined));
    expect(status.state).toBe('running');
    expect(await pod.exited(leaving)).toMatchObject({ exitCode: 9, reason: 'Error' });
    expect((await runtime.podSandboxStatus(pod.id))?.ips).toEqual([pod.address]);
    await runtime.stopContainer(staying, 5);
    expect(await runtime.containerStatus(staying)).toMatchObject({ state: 'exited', exitCode: 5 });
    await pod.remove();
  });

  test('another process of ours adopts it', async () => {
    const before = await containerdProcess();
    expect(await fixture.containerd.start()).toBe('adopted');
    expect(await containerdProcess()).toEqual(before);
  });

  test('supervision starts it again, and events come anew', async () => {
    const controller = new AbortController();
    const supervising = fixture.containerd.supervise(controller.signal);
    const pod = await PodFixture.run(fixture, runtime, 'supervised');
    const container = await pod.start(busyboxImage.image, sleeping);
    const before = await containerdProcess();
    await killContainerd();
    await pod.until(async () =>
      (await containerdProcess().catch(() => before)).pid === before.pid ? undefined : true,
    );
    await pod.until(() => runtime.status().catch(() => undefined));
    const seen: RuntimeEvent[] = [];
    const listening = (async () => {
      for await (const event of runtime.events(controller.signal)) seen.push(event);
    })();
    await fixture.environment.sleep(200);
    await runtime.stopContainer(container, 5);
    await pod.until(async () => seen.find((event) => event.type === 'stopped' && event.containerId === container));
    controller.abort();
    await Promise.all([supervising, listening]);
  });

  test('is taken down with running pods, by starting it again', async () => {
    const pod = await PodFixture.run(fixture, runtime, 'left-over');
    await pod.start(busyboxImage.image, sleeping);
    await killContainerd();
    expect(await fixture.containerd.down()).toEqual([]);
    expect(await fixture.containerd.down()).toEqual([]);
  });

  test('is taken down even when it cannot be started any more', async () => {
    const pod = await PodFixture.run(fixture, runtime, 'orphan');
    await pod.start(busyboxImage.image, { command: ['sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done'] });
    const address = readFileSync(
      `${fixture.containerd.stateDirectory}/io.containerd.runtime.v2.task/k8s.io/${pod.id}/address`,
      'utf8',
    ).slice('unix://'.length);
    expect(existsSync(address)).toBe(true);
    const networks = () => readdirSync('/var/lib/cni/results').filter((name) => name.includes(pod.id));
    expect(networks()).not.toEqual([]);
    await killContainerd();
    const crippled = fixture.crippled();
    const problems = await crippled.down();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/containerd ended before it was ready/);
    await expectNothingLeft();
    expect(existsSync(address)).toBe(false);
    expect(networks()).toEqual([]);
  });
});
