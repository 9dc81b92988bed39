import type { LiveDefinitions } from '../../apiserver/api-server.ts';
import type { DiscoveredResource, Discovery } from '../../controllers/runtime/discovery.ts';

/** What a server of this process serves, for the controllers beside it. */
export function discoveryOf(definitions: LiveDefinitions): Discovery {
  let generation: number | undefined;
  let resources: readonly DiscoveredResource[] = [];
  return {
    resources() {
      if (generation !== definitions.generation) {
        generation = definitions.generation;
        resources = [...definitions.all()].map(({ definition: { type, verbs, scale } }) => ({
          type,
          verbs,
          hasScale: scale !== undefined,
        }));
      }
      return resources;
    },
    onChange: (listener) => definitions.onChange(listener),
  };
}
