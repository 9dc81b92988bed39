import { has, isReady, type Life, restarted, shell, untilTold } from './life.ts';

const often = { periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 1 };
const exists = (file: string) => ({
  exec: { command: ['sh', '-c', `test -e ${file} || { echo ${file} is missing; exit 1; }`] },
});

/** Each kind of probe, failing and recovering. */
export const probeLives: readonly Life[] = [
  {
    name: 'ready-later',
    spec: {
      containers: [
        shell(`(sleep 3; touch /tmp/up) & ${untilTold}`, { readinessProbe: { ...exists('/tmp/up'), ...often } }),
      ],
    },
    live: (world) => world.until('it is ready', isReady),
  },
  {
    name: 'ready-no-more',
    spec: {
      containers: [
        shell(`touch /tmp/up; (sleep 4; rm /tmp/up) & ${untilTold}`, {
          readinessProbe: { ...exists('/tmp/up'), ...often },
        }),
      ],
    },
    live: async (world) => {
      await world.until('it is ready', isReady);
      let wasReady = false;
      await world.until('it is not ready any more', (pod) => {
        wasReady ||= isReady(pod);
        return wasReady && has('Ready', 'False')(pod);
      });
    },
  },
  {
    name: 'not-alive',
    spec: {
      containers: [
        shell(`touch /tmp/up; (sleep 3; rm /tmp/up) & ${untilTold}`, {
          livenessProbe: { ...exists('/tmp/up'), ...often, initialDelaySeconds: 1 },
        }),
      ],
    },
    live: async (world) => {
      await world.until('it was started again', restarted(1));
      await world.event('Killing');
    },
  },
  {
    name: 'never-started',
    spec: {
      restartPolicy: 'Never',
      containers: [shell(untilTold, { startupProbe: { ...exists('/tmp/up'), periodSeconds: 1, failureThreshold: 3 } })],
    },
  },
  {
    name: 'started-then-ready',
    spec: {
      containers: [
        shell(`(sleep 3; touch /tmp/up) & ${untilTold}`, {
          startupProbe: { ...exists('/tmp/up'), periodSeconds: 1, failureThreshold: 30 },
          readinessProbe: { ...exists('/tmp/up'), ...often },
        }),
      ],
    },
    live: (world) => world.until('it is ready', isReady),
  },
  {
    name: 'http-refused',
    spec: { containers: [shell(untilTold, { readinessProbe: { httpGet: { port: 8080 }, ...often } })] },
    live: (world) => world.event('Unhealthy'),
  },
  {
    name: 'http-says-no-then-yes',
    spec: {
      containers: [
        shell(`mkdir -p /www; (sleep 3; echo ok >/www/health) & exec httpd -f -p 8080 -h /www`, {
          readinessProbe: { httpGet: { path: '/health', port: 8080 }, ...often, initialDelaySeconds: 1 },
        }),
      ],
    },
    live: (world) => world.until('it is ready', isReady),
  },
  {
    name: 'tcp-refused',
    spec: { containers: [shell(untilTold, { readinessProbe: { tcpSocket: { port: 8080 }, ...often } })] },
    live: (world) => world.event('Unhealthy'),
  },
  {
    name: 'grpc-refused',
    spec: {
      restartPolicy: 'Never',
      containers: [shell(untilTold, { livenessProbe: { grpc: { port: 8080 }, ...often, initialDelaySeconds: 1 } })],
    },
  },
  {
    name: 'probe-takes-too-long',
    spec: { containers: [shell(untilTold, { readinessProbe: { exec: { command: ['sleep', '30'] }, ...often } })] },
    live: (world) => world.event('Unhealthy'),
  },
];
