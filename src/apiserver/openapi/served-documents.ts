import type { SchemaSource } from '../../machinery/schema/schema.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import type { ConnectHandler, SubresourceHandler } from '../registry/extension-points.ts';
import { type GroupVersionDocument, groupVersionDocument } from './group-version-document.ts';

/** The definitions as they are served right now. */
interface ServedDefinitions {
  /** Moves on with every change. */
  readonly generation: number;
  all(): Iterable<{ readonly definition: ResourceDefinition }>;
}

export interface ServedDocumentsOptions {
  readonly served: ServedDefinitions;
  readonly subresources: readonly SubresourceHandler[];
  readonly connects: readonly ConnectHandler[];
  readonly schemas: SchemaSource;
}

/** Makes the document of each group and version from what is served at the time of asking; keeps none. */
export class ServedDocuments {
  readonly #options: ServedDocumentsOptions;

  constructor(options: ServedDocumentsOptions) {
    this.#options = options;
  }

  get generation(): number {
    return this.#options.served.generation;
  }

  /** `api/v1`, `apis/apps/v1`; sorted. */
  names(): readonly string[] {
    return [...this.#groupVersions().keys()].sort();
  }

  document(groupVersion: string): GroupVersionDocument {
    const { subresources, connects, schemas } = this.#options;
    const groupVersions = this.#groupVersions();
    const definitions = groupVersions.get(groupVersion) ?? [];
    const allDefinitions = [...groupVersions.values()].flat();
    const { group = '', version = '' } = definitions[0]?.type ?? {};
    return groupVersionDocument({
      group,
      version,
      definitions,
      allDefinitions,
      subresources,
      connects,
      schemas,
    });
  }

  #groupVersions(): ReadonlyMap<string, readonly ResourceDefinition[]> {
    const all = [...this.#options.served.all()].map((each) => each.definition);
    return Map.groupBy(all, ({ type }) =>
      type.group === '' ? `api/${type.version}` : `apis/${type.group}/${type.version}`,
    );
  }
}
