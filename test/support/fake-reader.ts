import type { ListOptions, ObjectKey, Reader } from '../../src/client/client.ts';
import type { KubeList, KubeObject } from '../../src/machinery/object.ts';
import { groupResource, type ResourceType } from '../../src/machinery/resource-type.ts';
import { notFound } from '../../src/machinery/status-errors.ts';

/** A reader of what a test put in. */
export class FakeReader implements Reader {
  readonly #objects = new Map<string, KubeObject>();
  /** `get pods/namespace/name`, `list pods`, in order. */
  readonly requests: string[] = [];

  set<T extends KubeObject>(type: ResourceType<T>, object: T): void {
    this.#objects.set(keyOf(type, { name: object.metadata.name ?? '', namespace: object.metadata.namespace }), object);
  }

  remove(type: ResourceType, key: ObjectKey): void {
    this.#objects.delete(keyOf(type, key));
  }

  async get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): Promise<T> {
    const text = keyOf(type, key);
    this.requests.push(`get ${text}`);
    const object = this.find(type, key);
    if (object === undefined) throw notFound(type, key.name);
    return object;
  }

  /** Without a request. */
  find<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): T | undefined {
    return this.#objects.get(keyOf(type, key)) as T | undefined;
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    this.requests.push(`list ${groupResource(type)}`);
    const prefix = `${groupResource(type)}/${options.namespace === undefined ? '' : `${options.namespace}/`}`;
    const [, name] = /^metadata\.name=(.*)$/.exec(options.fieldSelector ?? '') ?? [];
    const items = [...this.#objects]
      .filter(([key, object]) => key.startsWith(prefix) && (name === undefined || object.metadata.name === name))
      .map(([, object]) => object as T);
    return { metadata: { resourceVersion: '1' }, items };
  }
}

function keyOf(type: ResourceType, { namespace = '', name }: ObjectKey): string {
  return `${groupResource(type)}/${namespace}/${name}`;
}
