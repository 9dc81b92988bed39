import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { takeLock } from '../support/machine-lock.ts';
import { busyboxArchive } from './image-cache.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why the tests of the real machine cannot run here; empty when they can. */
    readonly missing: readonly string[];
    /** Whether there is a kubectl. */
    readonly kubectl: boolean;
    /** Whether there is a registry of images to run. */
    readonly registry: boolean;
  }
}

const programs = [
  'containerd',
  'containerd-shim-runc-v2',
  'runc',
  'nft',
  'conntrack',
  'ip',
  'mount',
  'umount',
  'dpkg-deb',
];

/** Looks for what the tests need, and takes the lock that keeps two runs on one machine apart. */
export default async function setup(project: TestProject): Promise<(() => void) | undefined> {
  const missing = [
    ...(process.platform === 'linux' ? [] : ['Linux']),
    ...(process.getuid?.() === 0 ? [] : ['root']),
    ...programs.filter((program) => !installed(program)),
  ];
  project.provide('missing', missing);
  const kubectl = process.env['STUURMAN_KUBECTL'] !== undefined || installed('kubectl');
  project.provide('kubectl', kubectl);
  if (!kubectl) process.stderr.write('NOT RUN: the tests of the demonstration need kubectl\n');
  const registry = installed('docker-registry');
  project.provide('registry', registry);
  if (!registry) process.stderr.write('NOT RUN: the tests of image pulls need docker-registry\n');
  if (missing.length > 0) {
    process.stderr.write(`NOT RUN: the tests of the real machine need ${missing.join(', ')}\n`);
    return undefined;
  }
  const release = await takeLock('stuurman-test-real');
  // Made once before anybody needs it: two files at once would each download its packages.
  await busyboxArchive(new RealEnvironment());
  return release;
}

function installed(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
