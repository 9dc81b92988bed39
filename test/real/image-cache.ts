import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { kubernetesArchitecture } from '../../src/node/host/linux/host-info.ts';
import { runCommand } from '../../src/node/host/linux/run-command.ts';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import { ImageMaker } from '../../src/node/images/making/image-maker.ts';

/** Packages and images are kept here between runs. */
export const imageCache = join(tmpdir(), 'stuurman-test-cache');

/** The archive of an image with a shell and the usual small tools. */
export function busyboxArchive(environment: RealEnvironment): Promise<string> {
  const processes = { run: (...args: DropFirst<Parameters<typeof runCommand>>) => runCommand(environment, ...args) };
  const architecture = kubernetesArchitecture(process.arch);
  return new ImageMaker({ environment, processes, architecture, cacheDirectory: imageCache }).make(busyboxImage);
}

type DropFirst<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest] ? Rest : never;
