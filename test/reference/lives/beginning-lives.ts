import { configMaps, pods, secrets } from '../../../src/resources/schema/resource-types.generated.ts';
import { counter, counting, isReady, type Life, shell, thirdTime, untilTold, waits } from './life.ts';

const sidecar = (more = {}) => shell(untilTold, { name: 'sidecar', restartPolicy: 'Always', ...more });

const settings = (data: Readonly<Record<string, string>>) => ({
  type: configMaps,
  object: { metadata: { name: 'settings-to-come' }, data },
});

/** How pods begin, and what keeps them from it. */
export const beginningLives: readonly Life[] = [
  {
    name: 'image-never-there',
    spec: { containers: [shell('true', { image: 'stuurman.local/none:1', imagePullPolicy: 'Never' })] },
    live: (world) => world.until('it waits', waits('ErrImageNeverPull')),
  },
  {
    name: 'image-cannot-be-pulled',
    spec: { containers: [shell('true', { image: '127.0.0.1:1/none:1', imagePullPolicy: 'IfNotPresent' })] },
    live: async (world) => {
      await world.until('it waits', waits('ImagePullBackOff'));
      await world.pass(3);
    },
  },
  {
    name: 'image-name-is-wrong',
    spec: { containers: [shell('true', { image: 'Not/An/Image', imagePullPolicy: 'IfNotPresent' })] },
    live: async (world) => {
      await world.until('it waits', waits('InvalidImageName'));
      await world.pass(2);
    },
  },
  {
    name: 'command-is-not-there',
    spec: { restartPolicy: 'Never', containers: [shell('', { command: ['/bin/nothing'] })] },
  },
  {
    name: 'variables-missing-then-there',
    spec: { containers: [shell(untilTold, { envFrom: [{ configMapRef: { name: 'variables-to-come' } }] })] },
    live: async (world) => {
      await world.until('it waits', waits('CreateContainerConfigError'));
      await world.create({ type: configMaps, object: { metadata: { name: 'variables-to-come' }, data: { A: '1' } } });
      await world.until('it is ready', isReady);
      await world.client.delete(configMaps, { namespace: world.namespace, name: 'variables-to-come' });
    },
  },
  {
    name: 'key-of-secret-missing',
    objects: [{ type: secrets, object: { metadata: { name: 'half-a-secret' }, stringData: { user: 'me' } } }],
    spec: {
      containers: [
        shell(untilTold, {
          env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'half-a-secret', key: 'password' } } }],
        }),
      ],
    },
    live: (world) => world.until('it waits', waits('CreateContainerConfigError')),
  },
  {
    name: 'optional-settings-missing',
    spec: {
      restartPolicy: 'Never',
      containers: [shell('sleep 2', { envFrom: [{ configMapRef: { name: 'no-such-settings', optional: true } }] })],
    },
  },
  {
    name: 'volume-missing-then-there',
    spec: {
      containers: [shell(untilTold, { volumeMounts: [{ name: 'settings', mountPath: '/settings' }] })],
      volumes: [{ name: 'settings', configMap: { name: 'settings-to-come' } }],
    },
    live: async (world) => {
      await world.event('FailedMount');
      await world.create(settings({ a: '1' }));
      await world.until('it is ready', isReady);
      await world.client.delete(configMaps, { namespace: world.namespace, name: 'settings-to-come' });
    },
  },
  {
    name: 'deleted-while-it-waits',
    spec: {
      containers: [shell(untilTold, { volumeMounts: [{ name: 'settings', mountPath: '/settings' }] })],
      volumes: [{ name: 'settings', configMap: { name: 'settings-never-there' } }],
    },
    live: async (world) => {
      await world.event('FailedMount');
      await world.delete();
      await world.gone();
    },
  },
  {
    name: 'host-path-of-another-kind',
    spec: {
      containers: [shell(untilTold, { volumeMounts: [{ name: 'file', mountPath: '/file' }] })],
      volumes: [{ name: 'file', hostPath: { path: '/etc', type: 'File' } }],
    },
    live: (world) => world.event('FailedMount'),
  },
  {
    name: 'root-is-not-allowed',
    spec: { containers: [shell(untilTold, { securityContext: { runAsNonRoot: true } })] },
    live: (world) => world.until('it waits', waits('CreateContainerConfigError')),
  },
  {
    name: 'sub-path-is-made',
    spec: {
      restartPolicy: 'Never',
      containers: [
        shell('echo 1 >/data/file; sleep 2', { volumeMounts: [{ name: 'data', mountPath: '/data', subPath: 'a/b' }] }),
      ],
      volumes: [{ name: 'data', emptyDir: {} }],
    },
  },
  {
    name: 'volumes-of-the-api',
    objects: [
      settings({ a: '1' }),
      { type: secrets, object: { metadata: { name: 'half-a-secret' }, stringData: { user: 'me' } } },
    ],
    spec: {
      restartPolicy: 'Never',
      securityContext: { fsGroup: 777 },
      containers: [
        shell(
          'cd /v; for v in *; do ls -ldn $v | cut -c1-10; touch $v/new; done >/dev/termination-log 2>&1; ls settings/nested; sleep 2',
          {
            volumeMounts: [
              { name: 'settings', mountPath: '/v/settings' },
              { name: 'nested', mountPath: '/v/settings/nested' },
              { name: 'secret', mountPath: '/v/secret' },
              { name: 'about', mountPath: '/v/about' },
              { name: 'memory', mountPath: '/v/memory' },
            ],
          },
        ),
      ],
      volumes: [
        { name: 'settings', configMap: { name: 'settings-to-come' } },
        { name: 'nested', emptyDir: {} },
        { name: 'secret', secret: { secretName: 'half-a-secret' } },
        { name: 'about', downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
        { name: 'memory', emptyDir: { medium: 'Memory' } },
      ],
    },
  },
  {
    name: 'resolver-is-told-less',
    spec: {
      restartPolicy: 'Never',
      dnsConfig: { nameservers: ['192.0.2.1', '192.0.2.2', '192.0.2.3'] },
      subdomain: 'group',
      hostnameOverride: 'other.example',
      containers: [shell('{ grep nameserver /etc/resolv.conf; tail -1 /etc/hosts; } >/dev/termination-log; sleep 2')],
    },
  },
  {
    name: 'init-in-order',
    spec: {
      restartPolicy: 'Never',
      initContainers: [shell('sleep 2', { name: 'first' }), shell('sleep 2', { name: 'second' })],
      containers: [shell('sleep 2')],
    },
  },
  {
    name: 'init-fails',
    spec: {
      restartPolicy: 'Never',
      initContainers: [shell('sleep 2; exit 2', { name: 'first' }), shell('sleep 2', { name: 'second' })],
      containers: [shell('sleep 2')],
    },
  },
  {
    name: 'init-fails-again-and-again',
    spec: {
      initContainers: [shell(`${thirdTime} && sleep 2 && exit 0; sleep 2; exit 2`, { name: 'first', ...counting })],
      containers: [shell(untilTold)],
      volumes: [counter],
    },
    live: (world) => world.until('it is ready', isReady),
  },
  {
    name: 'init-by-its-own-rules',
    spec: {
      restartPolicy: 'Never',
      initContainers: [
        shell(`${thirdTime} && sleep 2 && exit 0; sleep 2; exit 42`, {
          name: 'first',
          ...counting,
          restartPolicy: 'Never',
          restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
        }),
      ],
      containers: [shell('sleep 2')],
      volumes: [counter],
    },
  },
  {
    name: 'sidecar-of-a-job',
    spec: { restartPolicy: 'Never', initContainers: [sidecar()], containers: [shell('sleep 2')] },
  },
  {
    name: 'sidecar-is-probed-first',
    spec: {
      initContainers: [
        sidecar({
          command: ['sh', '-c', `(sleep 3; touch /tmp/up) & ${untilTold}`],
          startupProbe: { exec: { command: ['test', '-e', '/tmp/up'] }, periodSeconds: 1, failureThreshold: 30 },
        }),
      ],
      containers: [shell(untilTold)],
    },
    live: (world) => world.until('it is ready', isReady),
  },
  {
    name: 'sidecars-end-last',
    spec: {
      terminationGracePeriodSeconds: 10,
      initContainers: [sidecar(), sidecar({ name: 'second' })],
      containers: [shell('trap "sleep 2; exit 0" TERM; while :; do sleep 0.1; done')],
    },
    live: async (world) => {
      await world.until('it is ready', isReady);
      await world.delete();
      await world.gone();
    },
  },
  {
    name: 'gate-of-scheduling',
    spec: { schedulingGates: [{ name: 'example.com/wait' }], restartPolicy: 'Never', containers: [shell('sleep 2')] },
    live: async (world) => {
      const { client, namespace, name } = world;
      await world.pass(1);
      await client.patch(pods, { namespace, name }, { type: 'merge', body: { spec: { schedulingGates: null } } });
      await world.until('it is over', ({ status }) => status?.phase === 'Succeeded');
    },
  },
  {
    name: 'gate-of-readiness',
    spec: { readinessGates: [{ conditionType: 'example.com/ready' }], containers: [shell(untilTold)] },
    live: async (world) => {
      const { client, namespace, name } = world;
      await world.until('its container is ready', ({ status }) => status?.containerStatuses?.[0]?.ready === true);
      await world.pass(1);
      const condition = { type: 'example.com/ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
      await client.patch(
        pods,
        { namespace, name },
        { type: 'strategic', body: { status: { conditions: [condition] } } },
        { subresource: 'status' },
      );
      await world.until('it is ready', isReady);
    },
  },
];
