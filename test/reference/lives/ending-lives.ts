import { pods } from '../../../src/resources/schema/resource-types.generated.ts';
import { counter, counting, isReady, type Life, restarted, shell, thirdTime, untilTold } from './life.ts';

/** How containers and pods come to their end. */
export const endingLives: readonly Life[] = [
  { name: 'exits-well', spec: { restartPolicy: 'Never', containers: [shell('sleep 2')] } },
  { name: 'exits-badly', spec: { restartPolicy: 'Never', containers: [shell('sleep 2; exit 3')] } },
  { name: 'on-failure-exits-well', spec: { restartPolicy: 'OnFailure', containers: [shell('sleep 2')] } },
  {
    name: 'one-of-two-fails',
    spec: { restartPolicy: 'Never', containers: [shell('sleep 4'), shell('sleep 6; exit 1', { name: 'second' })] },
  },
  {
    name: 'crash-loop',
    spec: { containers: [shell(`${thirdTime} && exec sleep 60; sleep 2; exit 1`, counting)], volumes: [counter] },
    live: async (world) => {
      await world.until('it was started twice again', restarted(2));
      await world.until('it runs', isReady);
    },
  },
  {
    name: 'out-of-memory',
    spec: {
      restartPolicy: 'Never',
      containers: [
        shell('sleep 2; exec tail /dev/zero', {
          resources: { limits: { memory: '24Mi' }, requests: { memory: '24Mi' } },
        }),
      ],
    },
  },
  {
    name: 'killed-by-signal',
    spec: { restartPolicy: 'Never', containers: [shell('sleep 2; kill -s SEGV $$; sleep 9', { name: 'main' })] },
  },
  {
    name: 'told-and-ends-well',
    spec: { terminationGracePeriodSeconds: 10, containers: [shell(untilTold)] },
    live: async (world) => {
      await world.until('it is ready', isReady);
      await world.delete();
      await world.gone();
    },
  },
  {
    name: 'does-not-listen',
    spec: { containers: [shell('trap "" TERM; while :; do sleep 0.1; done')] },
    live: async (world) => {
      await world.until('it is ready', isReady);
      await world.delete(2);
      await world.gone();
    },
  },
  {
    name: 'pre-stop-hangs',
    spec: { containers: [shell(untilTold, { lifecycle: { preStop: { exec: { command: ['sleep', '60'] } } } })] },
    live: async (world) => {
      await world.until('it is ready', isReady);
      await world.delete(3);
      await world.gone();
    },
  },
  {
    name: 'pre-stop-fails',
    spec: {
      terminationGracePeriodSeconds: 10,
      containers: [shell(untilTold, { lifecycle: { preStop: { exec: { command: ['sh', '-c', 'exit 4'] } } } })],
    },
    live: async (world) => {
      await world.until('it is ready', isReady);
      await world.delete();
      await world.gone();
    },
  },
  {
    name: 'pre-stop-sleeps',
    spec: {
      terminationGracePeriodSeconds: 10,
      containers: [shell(untilTold, { lifecycle: { preStop: { sleep: { seconds: 2 } } } })],
    },
    live: async (world) => {
      await world.until('it is ready', isReady);
      await world.delete();
      await world.gone();
    },
  },
  {
    name: 'post-start-fails',
    spec: {
      restartPolicy: 'Never',
      containers: [
        shell(untilTold, { lifecycle: { postStart: { exec: { command: ['sh', '-c', 'echo no; exit 5'] } } } }),
      ],
    },
  },
  {
    name: 'deadline',
    spec: { activeDeadlineSeconds: 3, containers: [shell(untilTold)] },
  },
  {
    name: 'deadline-before-its-turn',
    spec: {
      activeDeadlineSeconds: 4,
      initContainers: [shell(untilTold, { name: 'first' })],
      containers: [shell(untilTold)],
    },
  },
  {
    name: 'evicted-by-api',
    spec: { containers: [shell(untilTold)] },
    live: async (world) => {
      const { client, namespace, name } = world;
      await world.until('it is ready', isReady);
      await client.createSubresource(pods, { namespace, name }, 'eviction', {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { namespace, name },
      });
      await world.gone();
    },
  },
  {
    name: 'says-why',
    spec: {
      restartPolicy: 'Never',
      containers: [shell('sleep 2; echo "the disk is gone" >/dev/termination-log; exit 7')],
    },
  },
  {
    name: 'says-why-in-its-log',
    spec: {
      restartPolicy: 'Never',
      containers: [
        shell('sleep 2; echo "first line"; echo "last words"; exit 7', {
          terminationMessagePolicy: 'FallbackToLogsOnError',
        }),
      ],
    },
  },
];
