import type { Members } from '../../machinery/members.ts';
import type { Draft, KubeObject } from '../../machinery/object.ts';
import { draft } from '../../machinery/object.ts';
import { withStoredLists } from '../../machinery/schema/stored-lists.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import { StoredFormat } from './stored-format.ts';
import { StoredObject } from './stored-object.ts';

/**
 * How one definition sees stored objects. Most see them as they are; a second version or group of a kind
 * (events.k8s.io) sees them converted, which is done at most once for each version of an object.
 */
export class ObjectView {
  /** The form in which objects leave the server. */
  readonly format: StoredFormat;
  /** The form in which they are stored. */
  readonly stored: StoredFormat;
  readonly #definition: ResourceDefinition;
  readonly #converted = new WeakMap<StoredObject, StoredObject>();

  constructor(definition: ResourceDefinition, stored: StoredFormat) {
    this.#definition = definition;
    this.stored = stored;
    this.format =
      definition.storage?.conversion === undefined
        ? stored
        : new StoredFormat(definition.type, stored.keyPrefix, stored.freezes);
  }

  /** The object in this definition's form. */
  of(object: StoredObject): StoredObject {
    const conversion = this.#definition.storage?.conversion;
    if (conversion === undefined || object.format === this.format) return object;
    let converted = this.#converted.get(object);
    if (converted === undefined) {
      const bytes = this.format.encode(conversion.fromStorage(object.object));
      converted = new StoredObject(this.format, object.key, bytes, object.revision);
      this.#converted.set(object, converted);
    }
    return converted;
  }

  /** The draft in the form in which it is stored. */
  toStorage(object: Draft<KubeObject>): Draft<KubeObject> {
    const { schema, storage } = this.#definition;
    const conversion = storage?.conversion;
    if (conversion !== undefined) return draft(conversion.toStorage(object as KubeObject));
    return withStoredLists(schema, object as unknown as Members) as unknown as Draft<KubeObject>;
  }
}
