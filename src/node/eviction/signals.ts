/** What of a node can run short, under the names that eviction thresholds have. */
export const signals = [
  'memory.available',
  'allocatableMemory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'pid.available',
] as const;

export type Signal = (typeof signals)[number];

/** The resource that is reclaimed, as events and messages name it. */
export type StarvedResource = 'memory' | 'ephemeral-storage' | 'inodes' | 'pids';

export type PressureCondition = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';

interface SignalFacts {
  readonly resource: StarvedResource;
  readonly condition: PressureCondition;
}

const memory: SignalFacts = { resource: 'memory', condition: 'MemoryPressure' };
const storage: SignalFacts = { resource: 'ephemeral-storage', condition: 'DiskPressure' };
const inodes: SignalFacts = { resource: 'inodes', condition: 'DiskPressure' };

export const signalFacts: Readonly<Record<Signal, SignalFacts>> = {
  'memory.available': memory,
  'allocatableMemory.available': memory,
  'nodefs.available': storage,
  'nodefs.inodesFree': inodes,
  'imagefs.available': storage,
  'imagefs.inodesFree': inodes,
  'pid.available': { resource: 'pids', condition: 'PIDPressure' },
};

/** How much of something is left, of how much, and when that was so. */
export interface Observation {
  readonly available: number;
  readonly capacity: number;
  readonly at: number;
}

/** Of what could be observed. */
export type Observations = ReadonlyMap<Signal, Observation>;
