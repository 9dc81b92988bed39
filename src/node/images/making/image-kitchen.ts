import type { Processes } from '../../host/host.ts';
import type { ImageRecipe } from './image-archive.ts';

/** What a recipe is made with. */
export interface Kitchen {
  readonly processes: Pick<Processes, 'run'>;
  /** Go's name: `amd64`. */
  readonly architecture: string;
  /** The packages of the recipe, unpacked one over the other. */
  readonly root: string;
}

/** An image that is made of the machine's own Debian packages. */
export interface PackageImage {
  /** As on the command line: `nginx`. */
  readonly name: string;
  /** The name that manifests use: `stuurman.local/nginx:1`. */
  readonly image: string;
  readonly packages: readonly string[];
  /** Dependencies that are not taken along. */
  readonly ignored: readonly RegExp[];
  /** What beside the packages the image depends on; with them it decides whether a cached archive still fits. */
  readonly ingredients: readonly string[];
  readonly cook: (kitchen: Kitchen) => Promise<ImageRecipe>;
}

/** What packages need to be installed or to be managed, not to run. */
export const ignoredPackages: readonly RegExp[] = [
  /^(debconf|cdebconf)/,
  /^(dpkg|adduser|ucf|lsb-base|init-system-helpers|sysvinit-utils|iproute2|media-types|openssl)$/,
  /^(perl|perl-base|libperl.*|ssl-cert|locales|locales-all|netbase)$/,
  /^(python3?|libpython).*/,
];
