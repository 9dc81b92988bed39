import { decodeApplied } from '../../machinery/apply/decode-applied.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { parsePatch, patchMediaTypes } from '../../machinery/patch/patch.ts';
import type { DecodeTarget } from '../../machinery/schema/decode.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import { builtInSchema } from '../../resources/schema/schema-table.ts';
import type { HttpResponse } from '../../wire/http.ts';
import { bodyTarget } from '../registry/body-target.ts';
import type { Call, Cancellable } from '../registry/call.ts';
import type { ReviewHandler, SubresourceHandler } from '../registry/extension-points.ts';
import type { ListPage } from '../registry/read.ts';
import type { ResourceServer } from '../registry/resource-server.ts';
import { scaleRows, scaleType } from '../registry/scale.ts';
import type { StoredObject } from '../registry/stored-object.ts';
import { decodeBody, decodeDeleteOptions } from './decode-body.ts';
import { objectFormat, valueFormat } from './formats.ts';
import type { HttpResourceCall } from './http-call.ts';
import type { Representation } from './negotiate.ts';
import { objectShape } from './object-shape.ts';
import { mediaType, readBody } from './request-body.ts';
import { deleteSettings, listSettings, patchSettings, writeSettings } from './request-options.ts';
import { valueResponse } from './respond.ts';
import type { Shape } from './shapes.ts';

const applyMediaType = 'application/apply-patch+yaml';

/** One short request about a resource, on a path and by a method that exist. */
export class ResourceRequest {
  readonly #resources: ResourceServer;
  readonly #http: HttpResourceCall;
  readonly #call: Call;
  readonly #definition: ResourceDefinition;
  readonly #representation: Representation;

  /** The signal of `time` ends with the request's time. */
  constructor(
    resources: ResourceServer,
    http: HttpResourceCall,
    definition: ResourceDefinition,
    representation: Representation,
    time: Cancellable,
  ) {
    this.#resources = resources;
    this.#http = http;
    this.#definition = definition;
    this.#representation = representation;
    const { info, user, userAgent } = http;
    this.#call = {
      info,
      user,
      userAgent,
      warn: (message) => http.warn(message),
      get signal() {
        return time.signal;
      },
    };
  }

  async get(): Promise<HttpResponse> {
    const object = await this.#resources.get(this.#call, this.#http.query.get('resourceVersion') ?? '');
    return this.#object(200, object);
  }

  async list(): Promise<HttpResponse> {
    const shape = this.#shape(true);
    return this.#list(await this.#resources.list(this.#call, listSettings(this.#http.query)), shape);
  }

  async create(): Promise<HttpResponse> {
    const settings = writeSettings(this.#http.query, 'CreateOptions');
    const extension = this.#resources.extension(this.#call);
    if (extension !== undefined) return this.#invoke(extension);
    const object = await decodeBody(this.#http, bodyTarget(this.#definition), settings.fieldValidation);
    this.#definition.setDefaults(object);
    return this.#object(201, await this.#resources.create(this.#call, object, settings));
  }

  async update(): Promise<HttpResponse> {
    const settings = writeSettings(this.#http.query, 'UpdateOptions');
    const object = await decodeBody(this.#http, this.#target, settings.fieldValidation);
    if (!this.#isScale) this.#definition.setDefaults(object);
    const result = await this.#resources.update(this.#call, object as KubeObject, settings);
    return this.#object(result.created ? 201 : 200, result.object);
  }

  async patch(): Promise<HttpResponse> {
    const type = mediaType(this.#http.http);
    if (type === applyMediaType) return this.#apply();
    const patchType = patchMediaTypes[type];
    if (patchType === undefined) throw unknownPatchType();
    const settings = patchSettings(this.#http.query, false);
    const parsed = parsePatch(patchType, await readBody(this.#http.http));
    const result = await this.#resources.patch(this.#call, parsed, settings);
    return this.#object(result.created ? 201 : 200, result.object);
  }

  async #apply(): Promise<HttpResponse> {
    const settings = patchSettings(this.#http.query, true);
    const body = await readBody(this.#http.http);
    const { config, warnings } = decodeApplied(body, this.#target, settings.fieldValidation);
    for (const warning of warnings) this.#http.warn(warning);
    const result = await this.#resources.apply(this.#call, config, settings);
    return this.#object(result.created ? 201 : 200, result.object);
  }

  async delete(): Promise<HttpResponse> {
    const settings = deleteSettings(await decodeDeleteOptions(this.#http));
    const { object, asStatus } = await this.#resources.delete(this.#call, settings);
    if (!asStatus) return this.#object(200, object);
    const { group, resource } = this.#definition.type;
    const { name, uid } = object.object.metadata;
    const details = { name, ...(group !== '' && { group }), kind: resource, uid };
    const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
    return valueResponse(200, status, valueFormat(this.#representation));
  }

  async deleteCollection(): Promise<HttpResponse> {
    const shape = this.#shape(true);
    const settings = deleteSettings(await decodeDeleteOptions(this.#http));
    const page = await this.#resources.deleteCollection(this.#call, listSettings(this.#http.query), settings);
    return this.#list(page, shape);
  }

  async #invoke(handler: ReviewHandler | SubresourceHandler): Promise<HttpResponse> {
    const settings = writeSettings(this.#http.query, 'CreateOptions');
    const body = await decodeBody(this.#http, bodyTarget(this.#definition, handler), settings.fieldValidation);
    const answer = await this.#resources.invoke(handler, this.#http, body, settings);
    return valueResponse(201, answer, valueFormat(this.#representation));
  }

  get #isScale(): boolean {
    return this.#call.info.subresource === 'scale';
  }

  get #target(): DecodeTarget {
    return this.#isScale ? scaleTarget() : bodyTarget(this.#definition);
  }

  #shape(isList: boolean): Shape {
    const { environment } = this.#resources;
    const definition = this.#isScale ? { ...this.#definition, ...scaleRows } : this.#definition;
    return objectShape(definition, {
      projection: this.#representation.projection,
      includeObject: this.#http.query.get('includeObject') ?? '',
      isList,
      now: () => environment.now(),
    });
  }

  #object(status: number, object: StoredObject): HttpResponse {
    const format = objectFormat(this.#representation, this.#shape(false));
    return { status, headers: { 'content-type': format.contentType }, body: format.object(object) };
  }

  #list(page: ListPage, shape: Shape): HttpResponse {
    const format = objectFormat(this.#representation, shape);
    const body = format.list(page, this.#resources.environment);
    return { status: 200, headers: { 'content-type': format.contentType }, body };
  }
}

function scaleTarget(): DecodeTarget {
  return { ...scaleType, schema: builtInSchema('autoscaling.v1.Scale') };
}

function unknownPatchType(): StatusError {
  return new StatusError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: '415: Unsupported Media Type',
    details: {},
  });
}
