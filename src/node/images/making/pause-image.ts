import type { ImageRecipe } from './image-archive.ts';
import { pauseProgram } from './pause-program.ts';

/** What our containerd is told to make sandboxes of. */
export const pauseImageName = 'stuurman.local/pause:1';

/** The image of the sandbox container: one program of a few bytes. */
export function pauseImage(architecture: string): ImageRecipe {
  return {
    names: [pauseImageName],
    architecture,
    layers: [[{ type: 'file', path: '/pause', mode: 0o755, uid: 0, gid: 0, content: pauseProgram(architecture) }]],
    entrypoint: ['/pause'],
    user: '65535:65535',
  };
}
