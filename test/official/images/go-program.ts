import type { PackageImage } from '../../../src/node/images/making/image-kitchen.ts';
import { directory, sourceFile } from '../../../src/node/images/making/layer-entry.ts';
import type { GoProgramName } from '../go-programs.ts';
import { type ImageOrder, nameLabel, type SuiteRecipe, shortNames } from './suite-image.ts';

/** One program of Go at a path, and nothing else. */
export function goProgram(
  name: GoProgramName,
  path: string,
  { entrypoint = [], mode = 0o755 }: { readonly entrypoint?: readonly string[]; readonly mode?: number } = {},
): SuiteRecipe {
  return async ({ image, programs }: ImageOrder): Promise<PackageImage> => {
    const program = await programs.ensure(name);
    return {
      name: shortNames(image).tagged,
      image,
      packages: [],
      ignored: [],
      ingredients: ['1', programs.key, path, String(mode)],
      cook: async ({ architecture }) => ({
        names: [image],
        architecture,
        layers: [[sourceFile(path, program, mode), directory('/tmp', 0o1777)]],
        entrypoint,
        labels: nameLabel(image),
      }),
    };
  };
}
