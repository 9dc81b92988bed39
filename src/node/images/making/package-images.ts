import { busyboxImage } from './busybox-image.ts';
import type { PackageImage } from './image-kitchen.ts';
import { nginxImage } from './nginx-image.ts';
import { nodeImage } from './node-image.ts';
import { postgresImage } from './postgres-image.ts';

/** The images that can be made here without a registry. `nodeProgram` is a Node.js of `nodeVersion`: that of this process, for one. */
export function packageImages(nodeProgram: string, nodeVersion: string): readonly PackageImage[] {
  return [busyboxImage, nginxImage, nodeImage(nodeProgram, nodeVersion), postgresImage];
}
