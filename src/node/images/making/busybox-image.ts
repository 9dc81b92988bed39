import { baseLayer } from './base-layer.ts';
import { busyboxPackage, busyboxTools } from './busybox-tools.ts';
import { ignoredPackages, type PackageImage } from './image-kitchen.ts';

/** A shell and the usual small tools. */
export const busyboxImage: PackageImage = {
  name: 'busybox',
  image: 'stuurman.local/busybox:1',
  packages: [busyboxPackage],
  ignored: ignoredPackages,
  ingredients: ['1'],
  cook: async ({ processes, architecture, root }) => ({
    names: [busyboxImage.image],
    architecture,
    layers: [[...baseLayer(), ...(await busyboxTools(processes, root))]],
    entrypoint: [],
    command: ['sh'],
  }),
};
