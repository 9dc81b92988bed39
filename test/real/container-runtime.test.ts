import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject } from 'vitest';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import { containerRuntimeSuite } from '../suites/container-runtime.ts';
import { ContainerdFixture } from './containerd-fixture.ts';

describe.skipIf(inject('missing').length > 0)('containerd', () => {
  let fixture: ContainerdFixture;
  beforeAll(async () => {
    fixture = await ContainerdFixture.open();
    await fixture.provide(busyboxImage);
  });
  afterAll(async () => {
    expect(await fixture.close()).toEqual([]);
  });

  containerRuntimeSuite('containerd', async () => {
    const runtime = fixture.runtime();
    return {
      runtime,
      image: busyboxImage.image,
      logRoot: join(fixture.directory, 'logs'),
      readFile: async (path) => readFileSync(path, 'utf8'),
      makeDirectory: async (path) => void mkdirSync(path, { recursive: true }),
      rename: async (from, to) => renameSync(from, to),
      pass: (durationMs) => fixture.environment.sleep(durationMs),
      close: () => runtime.close(),
    };
  });
});
