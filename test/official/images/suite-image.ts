import type { PackageImage } from '../../../src/node/images/making/image-kitchen.ts';
import type { GoPrograms } from '../go-programs.ts';

/** What the recipe of an image is given. */
export interface ImageOrder {
  /** The full name under which the suite asks for it. */
  readonly image: string;
  /** Go's name: `amd64`. */
  readonly architecture: string;
  readonly programs: GoPrograms;
  /** What is built on the way is kept here. */
  readonly cacheDirectory: string;
  readonly say: (text: string) => void;
}

export type SuiteRecipe = (order: ImageOrder) => Promise<PackageImage>;

/** The parts of an image's full name: `e2e-test-images/agnhost` without its registry, `agnhost`, and `agnhost-2.66.1`. */
export function shortNames(image: string): {
  readonly path: string;
  readonly repository: string;
  readonly tagged: string;
} {
  const [path = '', tag = 'latest'] = image.slice(image.indexOf('/') + 1).split(':');
  const repository = path.slice(path.lastIndexOf('/') + 1);
  return { path, repository, tagged: `${repository}-${tag}` };
}

/**
 * Two images must not be the same bytes: a runtime tells of a container's image by its id, and would answer either name for both. The label
 * keeps them apart.
 */
export function nameLabel(image: string): Readonly<Record<string, string>> {
  return { 'org.opencontainers.image.ref.name': image };
}
