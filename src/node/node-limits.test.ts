import { expect, test } from 'vitest';
import { defaultConfig } from './config.ts';
import { reservationProblem } from './machine.ts';
import { limitsConfig, type NodeLimitFlags, type NodeLimits, withFlags } from './node-limits.ts';

const read = (flags: NodeLimitFlags, known: NodeLimits = {}) => withFlags(known, flags, defaultConfig);
const config = (flags: NodeLimitFlags) => limitsConfig(read(flags), defaultConfig);

test('flags are read as a kubelet reads them', () => {
  expect(
    config({
      systemReserved: 'cpu=200m, memory=500Mi,ephemeral-storage=1Gi,pid=1000',
      kubeReserved: 'cpu=1',
      evictionHard: 'memory.available<1Gi,nodefs.available<10%',
      evictionSoft: 'memory.available<1.5Gi',
      evictionSoftGracePeriod: 'memory.available=1m30s',
      evictionMaxPodGracePeriod: '20',
      evictionMinimumReclaim: 'memory.available=100Mi',
      evictionPressureTransitionPeriod: '30s',
    }),
  ).toEqual({
    systemReserved: { cpu: '200m', memory: '500Mi', 'ephemeral-storage': '1Gi', pid: '1000' },
    kubeReserved: { cpu: '1' },
    eviction: {
      everyMs: 10_000,
      hard: { 'memory.available': '1Gi', 'nodefs.available': '10%' },
      soft: { 'memory.available': '1.5Gi' },
      softGracePeriodMs: { 'memory.available': 90_000 },
      maxPodGracePeriodSeconds: 20,
      minimumReclaim: { 'memory.available': '100Mi' },
      pressureTransitionMs: 30_000,
    },
  });
});

test('what is not given is as usual, and what was given before stays until it is given up', () => {
  expect(config({})).toEqual({ systemReserved: {}, kubeReserved: {}, eviction: defaultConfig.eviction });
  const known = read({ systemReserved: 'memory=1Gi', kubeReserved: 'cpu=1' });
  expect(read({ kubeReserved: 'cpu=2' }, known)).toEqual({
    systemReserved: { memory: '1Gi' },
    kubeReserved: { cpu: '2' },
  });
  expect(read({ systemReserved: '' }, known)).toEqual({ kubeReserved: { cpu: '1' } });
});

test.each<[NodeLimitFlags, string]>([
  [
    { systemReserved: 'gpu=1' },
    '--system-reserved: cannot reserve "gpu" resource: there are cpu, memory, ephemeral-storage, pid',
  ],
  [{ kubeReserved: 'cpu' }, '--kube-reserved: malformed pair, expect string=string, not "cpu"'],
  [
    { systemReserved: 'memory=lots' },
    /^--system-reserved: failed to parse quantity "lots" for "memory" resource: /.source,
  ],
  [{ systemReserved: 'memory=-1Gi' }, '--system-reserved: resource quantity for "memory" cannot be negative: -1Gi'],
  [
    { evictionHard: 'memory.available=1Gi' },
    '--eviction-hard: malformed pair, expect string<string, not "memory.available=1Gi"',
  ],
  [{ evictionHard: 'memory<1Gi' }, '--eviction-hard: unknown eviction signal: memory'],
  [
    { evictionHard: 'nodefs.available<120%' },
    '--eviction-hard: eviction percentage threshold nodefs.available must be >= 0% and <= 100%: 120%',
  ],
  [
    { evictionSoft: 'memory.available<1Gi' },
    '--eviction-soft: grace period must be specified for the soft eviction threshold memory.available',
  ],
  [{ evictionSoftGracePeriod: 'memory.available=soon' }, '--eviction-soft-grace-period: "soon" is not a duration'],
  [{ evictionMinimumReclaim: 'disk=1Gi' }, '--eviction-minimum-reclaim: unknown eviction signal: disk'],
  [{ evictionMaxPodGracePeriod: '-3' }, '--eviction-max-pod-grace-period: takes a whole number of seconds, not "-3"'],
  [{ evictionPressureTransitionPeriod: '5' }, '--eviction-pressure-transition-period: "5" is not a duration'],
])('%j is refused', (flags, message) => {
  expect(() => read(flags)).toThrow(message.startsWith('^') ? new RegExp(message) : message);
});

test('more cannot be kept than there is', () => {
  const info = {
    hostname: 'node',
    machineId: '',
    bootId: '',
    systemUuid: '',
    kernelVersion: '',
    osImage: '',
    architecture: 'amd64',
    cores: 0,
    sockets: 0,
    cpus: 2,
    memoryBytes: 4 * 2 ** 30,
    diskBytes: 100 * 2 ** 30,
    processesMax: 32_768,
    addresses: [],
    bootedAt: 0,
    cgroupVersion: 2,
  } as const;
  const problem = (flags: NodeLimitFlags) => reservationProblem(info, config(flags));
  expect(problem({ systemReserved: 'cpu=1,memory=3Gi', kubeReserved: 'cpu=1' })).toBeUndefined();
  expect(problem({ systemReserved: 'cpu=1500m', kubeReserved: 'cpu=1' })).toBe(
    'invalid Node Allocatable configuration. Resource "cpu" has a reservation of 2500m but capacity of 2. Expected capacity >= reservation.',
  );
  expect(problem({ systemReserved: 'memory=4Gi' })).toBe(
    'invalid Node Allocatable configuration. Resource "memory" has a reservation of 4196Mi but capacity of 4Gi. Expected capacity >= reservation.',
  );
  expect(problem({ kubeReserved: 'pid=40k' })).toContain(
    'Resource "pid" has a reservation of 40k but capacity of 32768.',
  );
});
