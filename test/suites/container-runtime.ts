import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  ContainerConfig,
  ContainerRuntime,
  ContainerStatus,
  RuntimeEvent,
  SandboxConfig,
} from '../../src/node/runtime/runtime.ts';

/** A runtime under test, with what the suite needs to drive it. */
export interface RuntimeFixture {
  readonly runtime: ContainerRuntime;
  /** An image with a shell: `sh -c`, `sleep`, `echo`, `cat`, `exit`. */
  readonly image: string;
  /** Under it each sandbox gets a log directory. */
  readonly logRoot: string;
  readFile(path: string): Promise<string>;
  makeDirectory(path: string): Promise<void>;
  /** Renames a log away, as rotation does. */
  rename(from: string, to: string): Promise<void>;
  /** Lets this much time pass. */
  pass(durationMs: number): Promise<void>;
  close(): Promise<void>;
}

const decoder = new TextDecoder();

/** What every `ContainerRuntime` does alike; run on each of them. */
export function containerRuntimeSuite(name: string, open: () => Promise<RuntimeFixture>): void {
  describe(`${name} as a container runtime`, () => {
    let fixture: RuntimeFixture;
    let runtime: ContainerRuntime;
    let pods = 0;
    beforeEach(async () => {
      fixture = await open();
      runtime = fixture.runtime;
    });
    afterEach(async () => {
      for (const sandbox of await runtime.listPodSandboxes()) {
        await runtime.stopPodSandbox(sandbox.id);
        await runtime.removePodSandbox(sandbox.id);
      }
      await fixture.close();
    });

    const sandboxConfig = (attempt = 0): SandboxConfig => {
      const uid = `suite-${name}-${pods}`;
      return newSandbox(uid, attempt, `${fixture.logRoot}/${uid}`);
    };
    const newPod = async () => {
      pods++;
      const config = sandboxConfig();
      await fixture.makeDirectory(`${config.logDirectory}/main`);
      return { config, id: await runtime.runPodSandbox(config) };
    };
    const start = async (script: string, attempt = 0, pod?: { config: SandboxConfig; id: string }) => {
      const { config, id } = pod ?? (await newPod());
      const container = newContainer(fixture.image, script, attempt);
      const containerId = await runtime.createContainer(id, container, config);
      await runtime.startContainer(containerId);
      return { sandboxId: id, containerId, config };
    };
    const statusOf = async (id: string): Promise<ContainerStatus> => {
      const status = await runtime.containerStatus(id);
      if (status === undefined) throw new Error(`container ${id} has no status`);
      return status;
    };
    const exited = async (id: string): Promise<ContainerStatus> => {
      for (let round = 0; round < 100; round++) {
        const status = await statusOf(id);
        if (status.state === 'exited') return status;
        await fixture.pass(100);
      }
      throw new Error(`container ${id} did not exit`);
    };

    test('says who it is and that it is ready', async () => {
      expect((await runtime.version()).apiVersion).toBe('v1');
      expect(await runtime.status()).toMatchObject({ runtimeReady: true, networkReady: true });
    });

    test('a sandbox has an address and what it was labelled with, until it is stopped and removed', async () => {
      const { id, config } = await newPod();
      const status = await runtime.podSandboxStatus(id);
      expect(status).toMatchObject({ id, ready: true, metadata: config.metadata, labels: config.labels });
      expect(status?.annotations).toMatchObject(config.annotations);
      expect(status?.ips).toHaveLength(1);
      expect((await runtime.listPodSandboxes()).map((each) => each.id)).toContain(id);
      await runtime.stopPodSandbox(id);
      await runtime.stopPodSandbox(id);
      expect((await runtime.podSandboxStatus(id))?.ready).toBe(false);
      await runtime.removePodSandbox(id);
      await runtime.removePodSandbox(id);
      expect(await runtime.podSandboxStatus(id)).toBeUndefined();
    });

    test('two attempts of one pod stand side by side, two of one attempt do not', async () => {
      const { id } = await newPod();
      const second = await runtime.runPodSandbox(sandboxConfig(1));
      expect(second).not.toBe(id);
      await expect(runtime.runPodSandbox(sandboxConfig(1))).rejects.toMatchObject({ name: 'RuntimeError' });
    });

    test('a container is created, runs, ends with its code, and is removed', async () => {
      const { sandboxId, containerId } = await start('sleep 1; exit 7');
      const running = await statusOf(containerId);
      expect(running).toMatchObject({ state: 'running', sandboxId, metadata: { name: 'main', attempt: 0 } });
      expect(running.startedAt).toBeGreaterThanOrEqual(running.createdAt);
      const end = await exited(containerId);
      expect(end).toMatchObject({ state: 'exited', exitCode: 7, reason: 'Error' });
      expect(end.finishedAt).toBeGreaterThanOrEqual(end.startedAt ?? Number.POSITIVE_INFINITY);
      await runtime.removeContainer(containerId);
      await runtime.removeContainer(containerId);
      expect(await runtime.containerStatus(containerId)).toBeUndefined();
    });

    test('a container that ends well is Completed', async () => {
      const { containerId } = await start('exit 0');
      expect(await exited(containerId)).toMatchObject({ exitCode: 0, reason: 'Completed' });
    });

    test('stop kills what does not heed the signal within the timeout, and is idempotent', async () => {
      const { containerId } = await start('sleep 1000');
      const stopping = runtime.stopContainer(containerId, 1);
      await fixture.pass(1500);
      await stopping;
      expect(await statusOf(containerId)).toMatchObject({ state: 'exited', exitCode: 137 });
      await runtime.stopContainer(containerId, 1);
    });

    test('stopping the sandbox ends its containers', async () => {
      const { sandboxId, containerId } = await start('sleep 1000');
      const stopping = runtime.stopPodSandbox(sandboxId);
      await fixture.pass(100);
      await stopping;
      expect((await exited(containerId)).state).toBe('exited');
    });

    test('a name and attempt is given once in a sandbox', async () => {
      const { sandboxId, config } = await start('sleep 1000');
      const again = newContainer(fixture.image, 'sleep 1', 0);
      await expect(runtime.createContainer(sandboxId, again, config)).rejects.toMatchObject({ name: 'RuntimeError' });
      await runtime.createContainer(sandboxId, newContainer(fixture.image, 'sleep 1', 1), config);
    });

    test('what the container writes is in its log, in the form of CRI', async () => {
      const { config, containerId } = await start("echo 'hello world'");
      await exited(containerId);
      await fixture.pass(100);
      const log = await fixture.readFile(`${config.logDirectory}/main/0.log`);
      expect(log).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d) stdout F hello world\n$/);
    });

    test('a log that was rotated away is opened anew', async () => {
      const { config, containerId } = await start('sleep 1000');
      const path = `${config.logDirectory}/main/0.log`;
      await fixture.rename(path, `${path}.1`).catch(() => {});
      await runtime.reopenContainerLog(containerId);
      expect(await fixture.readFile(path)).toBe('');
    });

    test('events tell of creation, start, end and removal', async () => {
      const aborter = new AbortController();
      const seen: RuntimeEvent[] = [];
      const listening = (async () => {
        for await (const event of runtime.events(aborter.signal)) seen.push(event);
      })();
      await fixture.pass(100);
      const { containerId } = await start('exit 0');
      await exited(containerId);
      await runtime.removeContainer(containerId);
      await fixture.pass(200);
      aborter.abort();
      await listening;
      const types = seen.filter((event) => event.containerId === containerId).map((event) => event.type);
      expect(types.filter((type) => type === 'started' || type === 'stopped')).toEqual(['started', 'stopped']);
    });

    test('a command runs to its end, with its output and code', async () => {
      const { containerId } = await start('sleep 1000');
      const result = await runtime.execSync(containerId, ['sh', '-c', 'echo out; exit 3'], 5000);
      expect(result.exitCode).toBe(3);
      expect(decoder.decode(result.stdout)).toBe('out\n');
    });

    test('a command that takes too long is ended', async () => {
      const { containerId } = await start('sleep 1000');
      const running = runtime.execSync(containerId, ['sleep', '100'], 1000);
      const failed = expect(running).rejects.toMatchObject({ name: 'RuntimeError', code: 'DeadlineExceeded' });
      await fixture.pass(1500);
      await failed;
    });

    test('a live command reads stdin and writes stdout', async () => {
      const { containerId } = await start('sleep 1000');
      const options = { command: ['cat'], stdin: true, stdout: true, stderr: false, tty: false };
      const session = await runtime.exec(containerId, options);
      await session.stdin?.write(new TextEncoder().encode('through'));
      await session.stdin?.close();
      let text = '';
      for await (const chunk of session.stdout ?? []) text += decoder.decode(chunk);
      expect(text).toBe('through');
      expect(await session.exit).toBe(0);
      session.close();
    });

    test('a container is attached to: it reads what is typed, and ends with its input', async () => {
      const { config, id } = await newPod();
      const reading = { ...newContainer(fixture.image, '', 0), command: ['cat'], stdin: true, stdinOnce: true };
      const containerId = await runtime.createContainer(id, reading, config);
      await runtime.startContainer(containerId);
      const streams = { stdin: true, stdout: true, stderr: true, tty: false };
      const session = await runtime.attach(containerId, streams);
      await session.stdin?.write(new TextEncoder().encode('through\n'));
      await session.stdin?.close();
      let text = '';
      for await (const chunk of session.stdout ?? []) text += decoder.decode(chunk);
      expect(text).toBe('through\n');
      expect(await session.exit).toBe(0);
      await fixture.pass(500);
      expect((await runtime.containerStatus(containerId))?.state).toBe('exited');
      await expect(runtime.attach(containerId, streams)).rejects.toMatchObject({ name: 'RuntimeError' });
    });

    test('a port of a sandbox is reached where somebody listens, and said to be refused where nobody does', async () => {
      const pod = await newPod();
      const refused = await runtime.portForward(pod.id, 8080);
      expect(await refused.ended).toMatch(/^error forwarding port 8080 to pod \w+, uid : .*connection refused/);
      await start('mkdir /www; exec httpd -f -p 8080 -h /www', 0, pod);
      await fixture.pass(500);
      const { data, ended } = await runtime.portForward(pod.id, 8080);
      data.write('GET / HTTP/1.0\r\n\r\n');
      let text = '';
      for await (const chunk of data) text += decoder.decode(chunk as Uint8Array);
      expect(text).toMatch(/^HTTP\/1\.[01] /);
      expect(await ended).toBeUndefined();
      await expect(runtime.portForward('none', 80)).rejects.toMatchObject({ name: 'RuntimeError', code: 'NotFound' });
    });

    test('what does not exist is said so', async () => {
      await expect(runtime.startContainer('none')).rejects.toMatchObject({ code: 'NotFound' });
      await expect(runtime.execSync('none', ['true'], 1000)).rejects.toMatchObject({ name: 'RuntimeError' });
      expect(await runtime.containerStatus('none')).toBeUndefined();
      expect(await runtime.podSandboxStatus('none')).toBeUndefined();
      await runtime.stopContainer('none', 1);
    });

    test('an image is found by its name and by its id', async () => {
      const image = await runtime.imageStatus(fixture.image);
      expect(image?.sizeBytes).toBeGreaterThan(0);
      expect((await runtime.imageStatus(image?.id ?? ''))?.id).toBe(image?.id);
      expect((await runtime.listImages()).map((each) => each.id)).toContain(image?.id);
      expect((await runtime.imageFilesystem()).usedBytes).toBeGreaterThanOrEqual(0);
    });

    test('running containers have stats', async () => {
      const { containerId } = await start('sleep 1000');
      await fixture.pass(200);
      const stats = (await runtime.listContainerStats()).find((each) => each.containerId === containerId);
      expect(stats?.labels).toMatchObject({ 'io.kubernetes.container.name': 'main' });
      expect(stats?.memoryWorkingSetBytes).toBeGreaterThan(0);
    });
  });
}

function newSandbox(uid: string, attempt: number, logDirectory: string): SandboxConfig {
  return {
    metadata: { name: uid, namespace: 'default', uid, attempt },
    hostname: uid.slice(0, 63),
    logDirectory,
    dns: undefined,
    portMappings: [],
    labels: { 'io.kubernetes.pod.uid': uid, 'io.kubernetes.pod.name': uid, 'io.kubernetes.pod.namespace': 'default' },
    annotations: { 'example.com/note': 'kept' },
    cgroupParent: '',
    hostNetwork: false,
    hostPid: false,
    hostIpc: false,
    shareProcessNamespace: false,
    sysctls: {},
    securityContext: plainSecurity,
    runtimeHandler: '',
  };
}

function newContainer(image: string, script: string, attempt: number): ContainerConfig {
  return {
    metadata: { name: 'main', attempt },
    image,
    command: ['sh', '-c', script],
    args: [],
    workingDirectory: '',
    env: [{ name: 'GREETING', value: 'hello' }],
    mounts: [],
    devices: [],
    labels: { 'io.kubernetes.container.name': 'main' },
    annotations: {},
    logPath: `main/${attempt}.log`,
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: { cpuShares: 2, cpuQuota: 0, cpuPeriod: 100_000, memoryLimitBytes: 0, oomScoreAdj: 0 },
    securityContext: plainSecurity,
    stopSignal: undefined,
  };
}

const plainSecurity: SandboxConfig['securityContext'] = {
  privileged: false,
  runAsUser: undefined,
  runAsGroup: undefined,
  runAsUsername: undefined,
  supplementalGroups: [],
  supplementalGroupsPolicy: 'Merge',
  readOnlyRootFilesystem: false,
  addCapabilities: [],
  dropCapabilities: [],
  noNewPrivileges: false,
  seccomp: { type: 'Unconfined', path: '' },
  maskedPaths: [],
  readonlyPaths: [],
};
