import type { ResourceType } from '../../machinery/resource-type.ts';

/** A resource as discovery names it. */
export interface DiscoveredResource {
  readonly type: ResourceType;
  readonly verbs: readonly string[];
  readonly hasScale: boolean;
}

/** What the cluster serves, which changes while it runs. */
export interface Discovery {
  /** May throw. */
  resources(): readonly DiscoveredResource[];
  /** Calls back after each change. Returns how to stop that. */
  onChange(listener: () => void): () => void;
}
