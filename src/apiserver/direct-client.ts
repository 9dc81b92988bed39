import type {
  Client,
  DeleteOptions,
  GetOptions,
  KubeStatus,
  ListOptions,
  ObjectKey,
  Patch,
  PatchOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../client/client.ts';
import { namespaceOfNew } from '../client/namespace-of-new.ts';
import type { Members } from '../machinery/members.ts';
import type { Draft, KubeList, KubeObject } from '../machinery/object.ts';
import { apiVersionOf, type ResourceType } from '../machinery/resource-type.ts';
import type { HttpTarget } from '../wire/http.ts';
import { selectedName } from './http/request-info.ts';
import { resourcePath } from './http/resource-path.ts';
import { acceptObject, acceptUnchecked } from './registry/accept-object.ts';
import { bodyTarget } from './registry/body-target.ts';
import type { Call } from './registry/call.ts';
import type { DeleteSettings } from './registry/delete-settings.ts';
import type { ResourceContext } from './registry/extension-points.ts';
import type { ListSettings } from './registry/read.ts';
import type { ResourceServer } from './registry/resource-server.ts';
import type { UpdateResult } from './registry/update.ts';
import type { WatchSettings } from './registry/watch.ts';
import type { WriteSettings } from './registry/write-scope.ts';
import type { ResourceRequestInfo, UserInfo, Verb } from './request.ts';
import type { RequestGate } from './request-gate.ts';

export interface DirectClientOptions {
  readonly gate: RequestGate;
  readonly resources: ResourceServer;
  readonly user: UserInfo;
  /** Names the field manager when a write does not. */
  readonly userAgent: string;
  readonly http: HttpTarget;
  /** Whether types vouch for the objects that are given; otherwise they are looked at as those that come over HTTP. */
  readonly isTyped: boolean;
}

interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly subresource?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
}

/**
 * A client in the process of the server: the same authorisation, flow control, admission and validation as over HTTP, without
 * bytes. Objects that come out are those of the server's cache.
 */
export class DirectClient implements Client {
  readonly http: HttpTarget;
  readonly #gate: RequestGate;
  readonly #resources: ResourceServer;
  readonly #user: UserInfo;
  readonly #userAgent: string;
  readonly #acceptBody: typeof acceptObject;

  constructor(options: DirectClientOptions) {
    this.http = options.http;
    this.#gate = options.gate;
    this.#resources = options.resources;
    this.#user = options.user;
    this.#userAgent = options.userAgent;
    this.#acceptBody = options.isTyped ? acceptObject : acceptUnchecked;
  }

  async get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options: GetOptions = {}): Promise<T> {
    return this.#run(this.#call('get', type, key, options), async (call) => {
      const object = await this.#resources.get(call, options.resourceVersion ?? '');
      return object.object as T;
    });
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    return this.#run(this.#call('list', type, { namespace: options.namespace, name: '' }, options), async (call) => {
      const page = await this.#resources.list(call, listSettings(options));
      const items: T[] = [];
      for (const [index, item] of page.items.entries()) {
        items.push(item.object as T);
        if (index % itemsPerTurn === itemsPerTurn - 1) await this.#resources.environment.turn();
      }
      return {
        kind: `${type.kind}List`,
        apiVersion: apiVersionOf(type),
        metadata: {
          resourceVersion: String(page.revision),
          ...(page.continue !== '' && { continue: page.continue }),
          ...(page.remainingItemCount !== undefined && { remainingItemCount: page.remainingItemCount }),
        },
        items,
      };
    });
  }

  async *watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions = {}): AsyncIterable<WatchEvent<T>> {
    const call = this.#call('watch', type, { namespace: options.namespace, name: '' }, options);
    this.#gate.authorize(call);
    const { watcher, resource } = await this.#resources.watch(call, watchSettings(options));
    try {
      for (let item = await watcher.next(); item !== undefined; item = await watcher.next()) {
        if (item.type === 'ERROR') throw item.error;
        if (item.type === 'BOOKMARK') {
          const { revision, initialEventsEnd } = item;
          yield { type: 'BOOKMARK', resourceVersion: String(revision), initialEventsEnd };
        } else yield { type: item.type, object: resource.view.of(item.object).object as T };
      }
    } finally {
      watcher.close();
    }
    options.signal?.throwIfAborted();
  }

  async create<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const key = { namespace: namespaceOfNew(type, object), name: '' };
    return this.#run(this.#call('create', type, key, options), (call) => this.#post<T>(call, object, options));
  }

  async update<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const key = { namespace: object.metadata.namespace, name: object.metadata.name ?? '' };
    return this.#run(this.#call('update', type, key, options), async (call) => {
      const settings = writeSettings(options);
      const body = this.#accept(call, object, settings);
      return (await this.#resources.update(call, body, settings)).object.object as T;
    });
  }

  async patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options: PatchOptions = {},
  ): Promise<T> {
    return this.#run(this.#call('patch', type, key, options), async (call) => {
      const { object } = await this.#patch(call, patch, options);
      return object.object as T;
    });
  }

  #patch(call: Call, patch: Patch, options: PatchOptions): Promise<UpdateResult> {
    const settings = writeSettings(options);
    if (patch.type === 'apply') {
      const config = JSON.parse(JSON.stringify(patch.body)) as Members;
      return this.#resources.apply(call, config, { ...settings, force: options.force === true });
    }
    const body = patch.type === 'json' ? patch.operations : (patch.body as Members);
    return this.#resources.patch(call, { type: patch.type, body, strictErrors: [] }, settings);
  }

  async delete<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<T | KubeStatus> {
    return this.#run(this.#call('delete', type, key, options), async (call) => {
      const { object, asStatus } = await this.#resources.delete(call, deleteSettings(options));
      return asStatus ? { kind: 'Status', apiVersion: 'v1', status: 'Success' } : (object.object as T);
    });
  }

  async deleteCollection<T extends KubeObject>(
    type: ResourceType<T>,
    options: ListOptions & DeleteOptions = {},
  ): Promise<void> {
    const call = this.#call('deletecollection', type, { namespace: options.namespace, name: '' }, options);
    await this.#run(call, (running) =>
      this.#resources.deleteCollection(running, listSettings(options), deleteSettings(options)),
    );
  }

  async createSubresource<B extends object, R = B>(
    type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: B,
    options: WriteOptions = {},
  ): Promise<R> {
    const call = this.#call('create', type, key, { ...options, subresource });
    return this.#run(call, (running) => this.#post<R>(running, body as KubeObject, options));
  }

  /** POST of an object, or of something that is answered and not kept. */
  async #post<R>(call: Call, object: KubeObject, options: WriteOptions): Promise<R> {
    const settings = writeSettings(options);
    const extension = this.#resources.extension(call);
    if (extension === undefined)
      return (await this.#resources.create(call, this.#decoded(call, object, settings), settings)).object as R;
    const { definition } = this.#resources.served(call);
    const body = this.#acceptBody(bodyTarget(definition, extension), object, settings.fieldValidation);
    return (await this.#resources.invoke(extension, directContext(call, options), body, settings)) as R;
  }

  #accept(call: Call, object: KubeObject, settings: WriteSettings): KubeObject {
    return call.info.subresource === 'scale' ? object : (this.#decoded(call, object, settings) as KubeObject);
  }

  /** An object of this process as if it had been decoded. */
  #decoded(call: Call, object: KubeObject, { fieldValidation }: WriteSettings): Draft<KubeObject> {
    const { definition } = this.#resources.served(call);
    const body = this.#acceptBody(bodyTarget(definition), object, fieldValidation);
    definition.setDefaults(body);
    return body;
  }

  async #run<R>(call: Call, work: (call: Call) => Promise<R>): Promise<R> {
    call.signal?.throwIfAborted();
    return this.#gate.run(call, (time) => {
      const { info, user, userAgent, warn } = call;
      return work({
        info,
        user,
        userAgent,
        warn,
        get signal() {
          return time.signal;
        },
      });
    });
  }

  #call(verb: Verb, type: ResourceType, key: ObjectKey, options: CallOptions): Call {
    const { group, version, resource } = type;
    const { subresource = '', fieldSelector = '', labelSelector = '' } = options;
    const namespace = type.namespaced ? (key.namespace ?? '') : type.resource === 'namespaces' ? key.name : '';
    const where = {
      group,
      version,
      resource,
      namespace: type.namespaced ? namespace : '',
      name: key.name,
      subresource,
    };
    const collection = verb === 'list' || verb === 'watch' || verb === 'deletecollection';
    const info: ResourceRequestInfo = {
      isResource: true,
      path: resourcePath(where),
      verb,
      ...where,
      name: collection ? selectedName(fieldSelector) : key.name,
      namespace,
      fieldSelector,
      labelSelector,
    };
    return { info, user: this.#user, userAgent: this.#userAgent, signal: options.signal, warn: () => undefined };
  }
}

/** Parsing many objects at once must let others in. */
const itemsPerTurn = 500;

/** What handlers outside the ordinary verbs see of a direct call. */
function directContext(call: Call, options: WriteOptions): ResourceContext & Pick<Call, 'userAgent'> {
  const query = new URLSearchParams({
    ...(options.dryRun === true && { dryRun: 'All' }),
    ...(options.fieldManager !== undefined && { fieldManager: options.fieldManager }),
  });
  const { info, user, userAgent, signal = never } = call;
  const http = { method: 'POST', path: `${info.path}?${query}`, headers: { 'user-agent': userAgent }, signal };
  return { info, user, userAgent, query, http, remoteAddress: '', signal, warn: (message) => call.warn(message) };
}

const never = new AbortController().signal;

function listSettings(options: ListOptions): ListSettings {
  return {
    resourceVersion: options.resourceVersion ?? '',
    resourceVersionMatch: options.resourceVersionMatch ?? '',
    limit: options.limit ?? 0,
    continue: options.continue ?? '',
    sendInitialEvents: undefined,
  };
}

function watchSettings(options: WatchOptions): WatchSettings {
  return {
    resourceVersion: options.resourceVersion ?? '',
    resourceVersionMatch: options.resourceVersionMatch ?? '',
    allowWatchBookmarks: options.allowWatchBookmarks === true,
    sendInitialEvents: options.sendInitialEvents,
    timeoutSeconds: options.timeoutSeconds ?? 0,
    continue: '',
  };
}

function writeSettings(options: WriteOptions): WriteSettings {
  return {
    dryRun: options.dryRun === true,
    fieldManager: options.fieldManager ?? '',
    fieldValidation: options.fieldValidation ?? 'Warn',
  };
}

function deleteSettings(options: DeleteOptions): DeleteSettings {
  return {
    dryRun: options.dryRun === true,
    gracePeriodSeconds: options.gracePeriodSeconds,
    propagationPolicy: options.propagationPolicy,
    preconditions: options.preconditions,
  };
}
