import type { Client } from '../../client/client.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { apiVersionOf, type ResourceType } from '../../machinery/resource-type.ts';
import { builtInDefinitions } from '../../resources/built-in.ts';
import { readManifest } from './read-manifest.ts';

/** Applies every object of some files, in their order, as the field manager `stuurman`. Throws with the file and the object that was refused. */
export async function applyManifests(client: Client, files: readonly string[]): Promise<void> {
  for (const file of files) {
    for (const object of readManifest(file)) {
      const type = typeOf(object, file);
      const { name, namespace = 'default' } = object.metadata;
      if (name === undefined) throw new Error(`${file}: a ${object.kind} has no metadata.name`);
      const key = type.namespaced ? { namespace, name } : { name };
      try {
        await client.patch(type, key, { type: 'apply', body: object }, { fieldManager: 'stuurman', force: true });
      } catch (error) {
        throw new Error(`${file}: ${object.kind} ${name} was refused: ${(error as Error).message}`, { cause: error });
      }
    }
  }
}

function typeOf({ apiVersion = '', kind = '', metadata }: KubeObject, file: string): ResourceType {
  const found = builtInDefinitions.find(({ type }) => type.kind === kind && apiVersionOf(type) === apiVersion);
  if (found !== undefined) return found.type;
  throw new Error(
    `${file}: no matches for kind "${kind}" in version "${apiVersion}" (object ${metadata?.name ?? 'without a name'})`,
  );
}
