import { expect, test } from 'vitest';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { noDisk, type PodUsage } from './pod-usage.ts';
import { rankPods } from './rank-pods.ts';
import type { Signal } from './signals.ts';

interface Row {
  readonly name: string;
  readonly priority?: number;
  readonly memoryRequest?: string;
  readonly memory?: number;
  readonly disk?: number;
  readonly logs?: number;
  readonly processes?: number;
  readonly unknown?: boolean;
}

function podOf({ name, priority = 0, memoryRequest }: Row): Pod {
  const resources = memoryRequest === undefined ? {} : { requests: { memory: memoryRequest } };
  return { metadata: { name }, spec: { priority, containers: [{ name: 'main', resources }] } };
}

function usageOf({ memory = 0, disk = 0, logs = 0, processes = 1 }: Row): PodUsage {
  const parts = { rootfs: { bytes: disk, inodes: disk }, logs: { bytes: logs, inodes: logs } };
  const containers = [{ name: 'main', memoryBytes: memory, ...parts }];
  return { memoryBytes: memory, processes, containers, volumes: [], files: noDisk };
}

function ranked(signal: Signal, rows: readonly Row[], ownImages = false) {
  const row = ({ metadata }: Pod) => rows.find(({ name }) => name === metadata.name);
  const usage = (pod: Pod) => {
    const found = row(pod);
    return found === undefined || found.unknown === true ? undefined : usageOf(found);
  };
  return rankPods(rows.map(podOf), signal, usage, ownImages).map(({ metadata }) => metadata.name);
}

test('memory: over the request, then the less important, then the most over it', () => {
  const rows: readonly Row[] = [
    { name: 'modest', memoryRequest: '1k', memory: 900 },
    { name: 'important-hog', priority: 10, memory: 5000 },
    { name: 'hog', memory: 2000 },
    { name: 'greater-hog', memory: 3000 },
    { name: 'large-with-request', memoryRequest: '4k', memory: 4100 },
    { name: 'unknown', unknown: true },
  ];
  expect(ranked('memory.available', rows)).toEqual([
    'unknown',
    'greater-hog',
    'hog',
    'large-with-request',
    'important-hog',
    'modest',
  ]);
  expect(ranked('allocatableMemory.available', rows)).toEqual(ranked('memory.available', rows));
});

test('processes: nobody asks for them, so the less important go first', () => {
  const rows: readonly Row[] = [
    { name: 'important', priority: 10, processes: 1000 },
    { name: 'few', processes: 2 },
    { name: 'many', processes: 50 },
  ];
  expect(ranked('pid.available', rows)).toEqual(['many', 'few', 'important']);
});

test('disk: what counts is what is on the disk that is full', () => {
  const rows: readonly Row[] = [
    { name: 'layers', disk: 500, logs: 1 },
    { name: 'logs', disk: 1, logs: 400 },
  ];
  expect(ranked('nodefs.available', rows)).toEqual(['layers', 'logs']);
  expect(ranked('nodefs.available', rows, true)).toEqual(['logs', 'layers']);
  expect(ranked('imagefs.inodesFree', rows, true)).toEqual(['layers', 'logs']);
});
