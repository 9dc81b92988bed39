import type { Environment } from '../../machinery/environment/environment.ts';
import type { Members } from '../../machinery/members.ts';
import { type Draft, draft, type KubeObject } from '../../machinery/object.ts';
import type { ParsedPatch } from '../../machinery/patch/patch.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { methodNotSupported, notFound, resourceNotServed } from '../../machinery/status-errors.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import type { Watcher } from '../watch/watcher.ts';
import { bodyTarget } from './body-target.ts';
import type { Call } from './call.ts';
import { getComputed, listComputed } from './computed.ts';
import { create } from './create.ts';
import { type DeleteResult, remove, warnAboutPropagation } from './delete.ts';
import { deleteCollection } from './delete-collection.ts';
import type { DeleteSettings } from './delete-settings.ts';
import type { ConnectHandler, ResourceContext, ReviewHandler, SubresourceHandler } from './extension-points.ts';
import type { Extensions } from './extensions.ts';
import { ownChanges, ownUnstored } from './field-ownership.ts';
import { apply, patch } from './patch.ts';
import { get, type ListPage, type ListSettings, list, type ReadScope } from './read.ts';
import { fromScale, type Scale, scaleOf } from './scale.ts';
import type { ServedResource, ServedResources } from './served-resources.ts';
import type { StoredObject } from './stored-object.ts';
import { checkName, type Transform, type UpdateResult, update } from './update.ts';
import { type WatchSettings, watch } from './watch.ts';
import type { StoredResource, WriteScope, WriteServices, WriteSettings } from './write-scope.ts';

/** A watch, and the resource whose view its items have to be seen through. */
export interface OpenWatch {
  readonly watcher: Watcher;
  readonly resource: StoredResource;
}

/**
 * The verbs on stored resources, for callers that have been authenticated and authorised. Bodies come decoded and defaulted; what
 * goes out are stored objects, whose bytes or parsed form the caller takes. Throws `StatusError`.
 */
export class ResourceServer {
  readonly #resources: ServedResources;
  readonly #services: WriteServices;
  readonly #extensions: Extensions;

  constructor(resources: ServedResources, services: WriteServices, extensions: Extensions) {
    this.#resources = resources;
    this.#services = services;
    this.#extensions = extensions;
  }

  get environment(): Environment {
    return this.#services.environment;
  }

  /** The resource that a request is about. Throws NotFound when it is not served. */
  served({ info }: Pick<Call, 'info'>): ServedResource {
    const served = this.#resources.find(info);
    if (served === undefined) throw resourceNotServed();
    return served;
  }

  /** Who answers a POST of something that is not stored here: a review, or a subresource with a body of its own. */
  extension(call: Call): SubresourceHandler | ReviewHandler | undefined {
    const { subresource } = call.info;
    return subresource === ''
      ? this.#extensions.review(call.info)
      : this.#extensions.subresource(call.info, subresource);
  }

  connect(call: Call): ConnectHandler | undefined {
    return this.#extensions.connect(call.info, call.info.subresource);
  }

  /** Hands the body to the extension, defaulted and owned, after admission. */
  async invoke(
    handler: SubresourceHandler | ReviewHandler,
    context: ResourceContext & Pick<Call, 'userAgent'>,
    body: Draft<KubeObject>,
    settings: WriteSettings,
  ): Promise<object> {
    const { definition } = this.served(context);
    if ('bodyType' in handler) handler.setDefaults?.(body);
    else definition.setDefaults(body);
    ownUnstored(bodyTarget(definition, handler), body, context, settings, this.environment.now());
    await this.#admit('CREATE', handler.resource, context, body, settings.dryRun);
    return handler.create(context, body as KubeObject);
  }

  /** What admission has to say about opening a stream or a proxy. */
  admitConnect(handler: ConnectHandler, context: ResourceContext): Promise<void> {
    return this.#admit('CONNECT', handler.resource, context, undefined, false);
  }

  async #admit(
    operation: 'CREATE' | 'CONNECT',
    type: ResourceType,
    { info, user, warn }: ResourceContext,
    object: Draft<KubeObject> | undefined,
    dryRun: boolean,
  ): Promise<void> {
    const { verb, subresource, namespace, name } = info;
    const attributes = {
      operation,
      verb,
      type,
      subresource,
      namespace,
      name,
      user,
      dryRun,
      object,
      old: undefined,
      warn,
    };
    for (const plugin of this.#services.admission) await plugin.admit?.(attributes);
    for (const plugin of this.#services.admission) await plugin.validate?.(attributes);
  }

  async get(call: Call, resourceVersion: string): Promise<StoredObject> {
    const computed = this.#extensions.computed(call.info);
    if (computed !== undefined) return getComputed(this.#readable(call, 'get'), computed, call);
    const resource = this.#stored(call, 'get');
    const object = await get(this.#readScope(call, resource), resourceVersion);
    return presented(resource, call, object);
  }

  async list(call: Call, settings: ListSettings): Promise<ListPage> {
    const computed = this.#extensions.computed(call.info);
    if (computed !== undefined) return listComputed(this.#readable(call, 'list'), computed, call);
    return list(this.#readScope(call, this.#stored(call, 'list')), settings);
  }

  async watch(call: Call, settings: WatchSettings): Promise<OpenWatch> {
    const resource = this.#stored(call, 'watch');
    return { watcher: await watch(this.#readScope(call, resource), settings), resource };
  }

  create(call: Call, object: Draft<KubeObject>, settings: WriteSettings): Promise<StoredObject> {
    return create(this.#writeScope(call, 'create'), object, settings);
  }

  /** `body` is the new object, or for the `scale` subresource the new Scale; it may be used more than once. */
  async update(call: Call, body: KubeObject, settings: WriteSettings): Promise<UpdateResult> {
    const scope = this.#writeScope(call, 'update');
    checkName(body, scope.info.name);
    const scale = scaleRules(scope.resource, call);
    const transform: Transform = (live) => {
      const object =
        scale === undefined ? draft(body) : fromScale(scale, draft(body) as Draft<Scale>, live ?? missing(call));
      ownChanges(scope, object, live, settings);
      return object;
    };
    const options = { ...settings, createMissing: false, uidIsPrecondition: true };
    return presentedUpdate(scope.resource, call, await update(scope, transform, options));
  }

  async patch(call: Call, parsed: ParsedPatch, settings: WriteSettings): Promise<UpdateResult> {
    const scope = this.#writeScope(call, 'patch');
    return presentedUpdate(scope.resource, call, await patch(scope, parsed, settings));
  }

  /** Server-side apply; the configuration has been decoded and is of this resource's kind. */
  async apply(
    call: Call,
    config: Members,
    settings: WriteSettings & { readonly force: boolean },
  ): Promise<UpdateResult> {
    const scope = this.#writeScope(call, 'patch');
    return presentedUpdate(scope.resource, call, await apply(scope, config, settings));
  }

  async delete(call: Call, settings: DeleteSettings): Promise<DeleteResult> {
    const scope = this.#writeScope(call, 'delete');
    warnAboutPropagation(scope, settings);
    return remove(scope, settings);
  }

  async deleteCollection(call: Call, list: ListSettings, settings: DeleteSettings): Promise<ListPage> {
    const scope = this.#writeScope(call, 'deletecollection');
    warnAboutPropagation(scope, settings);
    return deleteCollection(scope, this.#readScope(call, scope.resource), list, settings);
  }

  /** The definition of what is read without being stored. */
  #readable(call: Call, verb: string): ResourceDefinition {
    const { definition } = this.served(call);
    if (!definition.verbs.includes(verb)) throw methodNotSupported(definition.type, verb);
    return definition;
  }

  #stored(call: Call, verb: string): StoredResource {
    const { definition, stored } = this.served(call);
    const { subresource } = call.info;
    if (stored === undefined || (subresource === '' && !definition.verbs.includes(verb)))
      throw methodNotSupported(definition.type, verb);
    if (subresource !== '' && !hasView(stored, subresource)) throw resourceNotServed();
    return stored;
  }

  #readScope(call: Call, resource: StoredResource): ReadScope {
    const { environment } = this.#services;
    return {
      resource,
      info: call.info,
      environment,
      get signal() {
        return call.signal;
      },
    };
  }

  #writeScope(call: Call, verb: string): WriteScope {
    const { info, user, userAgent } = call;
    const warn = (message: string): void => call.warn(message);
    return {
      services: this.#services,
      resource: this.#stored(call, verb),
      info,
      user,
      userAgent,
      warn,
      get signal() {
        return call.signal;
      },
    };
  }
}

function hasView({ definition }: StoredResource, subresource: string): boolean {
  if (subresource === 'status') return definition.status !== undefined;
  if (subresource === 'scale') return definition.scale !== undefined;
  return definition.views !== undefined && Object.hasOwn(definition.views, subresource);
}

function scaleRules({ definition }: StoredResource, { info }: Call): typeof definition.scale {
  return info.subresource === 'scale' ? definition.scale : undefined;
}

function presented(resource: StoredResource, call: Call, object: StoredObject): StoredObject {
  const scale = scaleRules(resource, call);
  return scale === undefined ? object : scaleOf(scale, object);
}

function presentedUpdate(resource: StoredResource, call: Call, result: UpdateResult): UpdateResult {
  return { object: presented(resource, call, result.object), created: result.created };
}

function missing({ info }: Call): never {
  throw notFound(info, info.name);
}
