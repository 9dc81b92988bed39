import type { PodSpec } from '../../src/resources/schema/core-v1.generated.ts';
import {
  configMaps,
  persistentVolumeClaims,
  persistentVolumes,
} from '../../src/resources/schema/resource-types.generated.ts';
import { NodeWorld } from '../support/node-world.ts';

const root = '/var/lib/stuurman/node';
const claimedFolder = '/volumes/pv-1';

const mounts = [
  { name: 'memory', mountPath: '/memory' },
  { name: 'scratch', mountPath: '/part', subPath: 'a/b' },
  { name: 'settings', mountPath: '/settings' },
  { name: 'settings', mountPath: '/one', subPath: 'colour' },
  { name: 'access', mountPath: '/access' },
  { name: 'disk', mountPath: '/disk' },
];

/** A bit of everything that a node has to make for a pod, and to take away again. */
const spec: Partial<PodSpec> & Pick<PodSpec, 'containers'> = {
  securityContext: { fsGroup: 2000 },
  initContainers: [
    { name: 'setup', image: 'setup:1', command: ['sleep', '1'], volumeMounts: mounts },
    { name: 'proxy', image: 'proxy:1', restartPolicy: 'Always', startupProbe: { tcpSocket: { port: 15_000 } } },
  ],
  containers: [
    {
      name: 'web',
      image: 'web:1',
      ports: [{ containerPort: 80, hostPort: 8080 }],
      resources: { requests: { memory: '64Mi' }, limits: { memory: '128Mi' } },
      lifecycle: { postStart: { exec: { command: ['hello'] } }, preStop: { exec: { command: ['goodbye'] } } },
      readinessProbe: { httpGet: { path: '/', port: 80 }, periodSeconds: 10 },
      volumeMounts: mounts,
    },
    { name: 'worker', image: 'worker:1', volumeMounts: mounts.slice(0, 2) },
  ],
  volumes: [
    { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } },
    { name: 'scratch', emptyDir: {} },
    { name: 'settings', configMap: { name: 'settings' } },
    {
      name: 'access',
      projected: {
        sources: [
          { serviceAccountToken: { path: 'token' } },
          { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
        ],
      },
    },
    { name: 'disk', persistentVolumeClaim: { claimName: 'disk' } },
  ],
};

const names = ['setup', 'proxy', 'web', 'worker'];

/** A node with all that the pod asks for, and a record of how often each of its containers was made and started. */
export class WalkedWorld extends NodeWorld {
  readonly #created = new Map<string, number>();
  readonly #started: Map<string, number>;

  constructor() {
    const started = new Map<string, number>();
    super({
      ownSources: true,
      latency: { runPodSandbox: 300, createContainer: 50, startContainer: 50, pullImage: 500 },
      program: ({ config: { metadata, command } }) => {
        count(started, metadata.name);
        if (command[0] === 'sleep') return { exitAfterMs: 1000 };
        // Hooks take their time, and so does the end.
        return { exec: () => ({ exitCode: 0, durationMs: 700 }), stopAfterMs: 1500 };
      },
    });
    this.#started = started;
    const create = this.runtime.createContainer.bind(this.runtime);
    this.runtime.createContainer = async (sandboxId, config, ...rest) => {
      const id = await create(sandboxId, config, ...rest);
      count(this.#created, config.metadata.name);
      return id;
    };
  }

  async prepare(): Promise<void> {
    const { api } = this;
    const namespace = 'default';
    await api.create(configMaps, { metadata: { name: 'settings', namespace }, data: { colour: 'red', size: '3' } });
    const claim = await api.create(persistentVolumeClaims, {
      metadata: { name: 'disk', namespace },
      spec: { volumeName: 'pv-1' },
      status: { phase: 'Bound' },
    });
    await api.create(persistentVolumes, {
      metadata: { name: 'pv-1', annotations: { 'pv.kubernetes.io/provisioned-by': 'stuurman.dev/local-path' } },
      spec: {
        hostPath: { path: claimedFolder, type: 'DirectoryOrCreate' },
        claimRef: { namespace, name: 'disk', uid: claim.metadata.uid },
        persistentVolumeReclaimPolicy: 'Delete',
      },
    });
  }

  async begin(): Promise<void> {
    await this.createPod('walked', spec);
  }

  /** The same name, and nothing but a container. */
  async beginBare(): Promise<void> {
    await this.createPod('walked', { containers: [{ name: 'web', image: 'web:1' }] });
  }

  /** What is not as it has to be while the pod runs. */
  async wrongWhileRunning(): Promise<readonly string[]> {
    const wrong: string[] = [];
    const status = await this.status('walked');
    if (status.phase !== 'Running') wrong.push(`the phase is ${status.phase}`);
    for (const name of names) {
      const state = await this.containerState('walked', name);
      const wanted = name === 'setup' ? 'terminated Completed 0' : 'ready';
      if (state !== wanted) wrong.push(`${name} is ${state}`);
      const { initContainerStatuses = [], containerStatuses = [] } = status;
      const told = [...initContainerStatuses, ...containerStatuses].find((each) => each.name === name)?.restartCount;
      // One that was made and never started counts as one that ran, as a kubelet has it.
      const restarts = (this.#created.get(name) ?? 0) - 1;
      if (told !== restarts || restarts > 1) wrong.push(`${name} has restarted ${told} times, made ${restarts + 1}`);
      if (this.#started.get(name) !== 1) wrong.push(`${name} was started ${this.#started.get(name)} times`);
    }
    const sandboxes = await this.runtime.listPodSandboxes();
    if (sandboxes.length !== 1 || sandboxes[0]?.ready !== true) wrong.push(`there are ${sandboxes.length} sandboxes`);
    const containers = (await this.runtime.listContainers()).map(({ metadata, state }) => `${metadata.name} ${state}`);
    const wanted = ['proxy running', 'setup exited', 'web running', 'worker running'];
    if (containers.sort().join() !== wanted.join()) wrong.push(`the runtime has ${containers}`);
    for (const [path, text] of [
      ['/settings/colour', 'red'],
      ['/one', 'red'],
      ['/access/name', 'walked'],
    ] as const) {
      const found = await this.readInContainer('walked', 'web', path);
      if (found !== text) wrong.push(`${path} has ${found}`);
    }
    return wrong;
  }

  /** What is left of the pod after it has gone. */
  async left(): Promise<readonly string[]> {
    const { host, runtime } = this;
    const tiers = ['/stuurman/kubepods', '/stuurman/kubepods/besteffort', '/stuurman/kubepods/burstable'];
    const isTier = (path: string) => tiers.includes(path);
    const list = (path: string) => host.files.list(path).catch(() => []);
    const ledger = (await host.ledger.entries()).filter((each) => each.type !== 'cgroup' || !isTier(each.path));
    const left = [
      ...((await this.pod('walked')) === undefined ? [] : ['the object']),
      ...(await runtime.listPodSandboxes()).map(({ id }) => `sandbox ${id}`),
      ...(await runtime.listContainers()).map(({ metadata }) => `container ${metadata.name}`),
      ...[...host.mounts.keys()].map((path) => `mount ${path}`),
      ...[...host.cgroups.keys()].filter((path) => !isTier(path)).map((path) => `cgroup ${path}`),
      ...ledger.map((entry) => `ledger ${JSON.stringify(entry)}`),
      ...(await list(`${root}/pods`)).map((name) => `folder ${name}`),
      ...(await list('/var/log/pods')).map((name) => `logs ${name}`),
    ];
    const claimed = await host.files.stat(claimedFolder);
    const ran = (this.#started.get('setup') ?? 0) > 0;
    return ran && claimed === undefined ? [...left, 'not what was to stay: the volume of the claim'] : left;
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
