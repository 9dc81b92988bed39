import { highestScore, type Plugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';

const leastBytes = 23 * 1024 * 1024;
const mostBytesPerContainer = 1000 * 1024 * 1024;

/** Prefers nodes that have the pod's images already; large images that many nodes have count most. */
export const imageLocality: Plugin = {
  name: 'ImageLocality',
  retryOn: [],
  preScore(state, { pod }, nodes, snapshot) {
    const { initContainers = [], containers = [], volumes = [] } = pod.spec ?? {};
    const named = [
      ...[...initContainers, ...containers].map(({ image }) => image),
      ...volumes.map(({ image }) => image?.reference),
    ];
    const images = named.flatMap((image) => (image === undefined ? [] : [normalized(image)]));
    if (images.length === 0) return 'skip';
    const holders = new Map(
      images.map((image) => [image, snapshot.nodes.filter((node) => sizeOn(node, image) > 0).length]),
    );
    if ([...holders.values()].every((count) => count === 0)) return 'skip';
    state.set(imageLocality.name, { images, holders, total: Math.max(1, nodes.length, snapshot.nodes.length) });
    return undefined;
  },
  score(state, _pod, node) {
    const { images, holders, total } = state.get(imageLocality.name) as {
      images: readonly string[];
      holders: ReadonlyMap<string, number>;
      total: number;
    };
    const bytes = images.reduce((sum, image) => {
      return sum + Math.floor(sizeOn(node, image) * ((holders.get(image) ?? 0) / total));
    }, 0);
    const most = mostBytesPerContainer * images.length;
    const clamped = Math.min(Math.max(bytes, leastBytes), most);
    return Math.floor((highestScore * (clamped - leastBytes)) / (most - leastBytes));
  },
};

function sizeOn(node: NodeInfo, image: string): number {
  const held = node.node?.status?.images?.find(({ names }) => names?.includes(image));
  return held?.sizeBytes ?? 0;
}

/** Nodes list images with their tag; a reference without one means `latest`. */
function normalized(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1);
  return name.includes(':') || name.includes('@') ? image : `${image}:latest`;
}
