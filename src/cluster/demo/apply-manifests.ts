import type { Client } from '../../client/client.ts';
import type { Manifest } from './read-manifest.ts';

/** Applies every object of some files, in their order, as the field manager `stuurman`. Throws with the file and the object that was refused. */
export async function applyManifests(client: Client, manifests: readonly Manifest[]): Promise<void> {
  for (const { file, objects } of manifests) {
    for (const { type, name, object } of objects) {
      const { namespace = 'default' } = object.metadata;
      const key = type.namespaced ? { namespace, name } : { name };
      try {
        await client.patch(type, key, { type: 'apply', body: object }, { fieldManager: 'stuurman', force: true });
      } catch (error) {
        throw new Error(`${file}: ${type.kind} ${name} was refused: ${(error as Error).message}`, { cause: error });
      }
    }
  }
}
