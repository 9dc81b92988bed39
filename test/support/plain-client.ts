import type { DeleteOptions, ObjectKey, Writer } from '../../src/client/client.ts';
import type { KubeObject } from '../../src/machinery/object.ts';
import { groupResource, type ResourceType } from '../../src/machinery/resource-type.ts';
import { alreadyExists, notFound } from '../../src/machinery/status-errors.ts';
import { FakeReader } from './fake-reader.ts';

/** Keeps what is written, as it is written: no defaults, no validation, no versions. */
export class PlainClient extends FakeReader implements Writer {
  async create<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T> {
    this.#note('create', type, object);
    if (this.find(type, keyOf(object)) !== undefined) throw alreadyExists(type, object.metadata.name ?? '');
    this.set(type, object);
    return object;
  }

  async update<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T> {
    this.#note('update', type, object);
    if (this.find(type, keyOf(object)) === undefined) throw notFound(type, object.metadata.name ?? '');
    this.set(type, object);
    return object;
  }

  async delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, _?: DeleteOptions): Promise<T> {
    this.requests.push(`delete ${groupResource(type)}/${key.namespace ?? ''}/${key.name}`);
    const object = this.find(type, key);
    if (object === undefined) throw notFound(type, key.name);
    this.remove(type, key);
    return object;
  }

  patch(): Promise<never> {
    return Promise.reject(new Error('the plain client does not patch'));
  }

  deleteCollection(): Promise<never> {
    return Promise.reject(new Error('the plain client deletes one object at a time'));
  }

  createSubresource(): Promise<never> {
    return Promise.reject(new Error('the plain client has no subresources'));
  }

  /** The requests that change something. */
  get writes(): readonly string[] {
    return this.requests.filter((request) => /^(create|update|delete) /.test(request));
  }

  #note(verb: string, type: ResourceType, object: KubeObject): void {
    const { namespace = '', name = '' } = object.metadata;
    this.requests.push(`${verb} ${groupResource(type)}/${namespace}/${name}`);
  }
}

function keyOf({ metadata }: KubeObject): ObjectKey {
  return { namespace: metadata.namespace, name: metadata.name ?? '' };
}
