import type { FieldError } from './field-error.ts';
import { distinct, fieldErrorBody, formatFieldErrors } from './field-errors.ts';
import { quote } from './go-text.ts';
import { groupResource } from './resource-type.ts';
import { type StatusCause, type StatusDetails, StatusError, type StatusReason } from './status-error.ts';

/** What messages and details need of a resource; every `ResourceType` is one. */
export interface ResourceName {
  readonly group: string;
  readonly resource: string;
}

export interface KindName {
  readonly group: string;
  readonly kind: string;
}

/** What the registry answers when the resourceVersion of a write is not the current one. */
const objectModifiedMessage =
  'the object has been modified; please apply your changes to the latest version and try again';

/** 404: `pods "x" not found` */
export function notFound(resource: ResourceName, name: string): StatusError {
  return about(resource, name, 404, 'NotFound', `${groupResource(resource)} ${quote(name)} not found`);
}

/** 409: `pods "x" already exists` */
export function alreadyExists(resource: ResourceName, name: string): StatusError {
  return about(resource, name, 409, 'AlreadyExists', `${groupResource(resource)} ${quote(name)} already exists`);
}

/** 409 for a generated name that is taken; a client may try again after a second. */
export function generateNameConflict(resource: ResourceName, name: string, retryAfterSeconds = 1): StatusError {
  const message = `${groupResource(resource)} ${quote(name)} already exists, the server was not able to generate a unique name for the object`;
  return about(resource, name, 409, 'AlreadyExists', message, { retryAfterSeconds });
}

/** 409: `Operation cannot be fulfilled on pods "x": ...`; by default the optimistic lock's message. */
export function conflict(resource: ResourceName, name: string, why: string = objectModifiedMessage): StatusError {
  const message = `Operation cannot be fulfilled on ${groupResource(resource)} ${quote(name)}: ${why}`;
  return about(resource, name, 409, 'Conflict', message);
}

/** 409 for a precondition on the uid that does not hold. */
export function uidConflict(resource: ResourceName, name: string, wanted: string, actual: string): StatusError {
  const why = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${actual}`;
  return conflict(resource, name, why);
}

/** 409 of server-side apply, with a cause for each contested field. */
export function applyConflict(causes: readonly StatusCause[], message: string): StatusError {
  return failure(409, 'Conflict', message, { causes });
}

/** 422: `Deployment.apps "x" is invalid: [a, b]`, with a cause for each error. */
export function invalidObject(kind: KindName, name: string, errors: readonly FieldError[]): StatusError {
  const kindName = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const head = `${kindName} ${quote(name)} is invalid`;
  const causes = distinct(errors).map((error) => ({
    reason: error.type,
    message: fieldErrorBody(error),
    field: error.field,
  }));
  return failure(422, 'Invalid', errors.length === 0 ? head : `${head}: ${formatFieldErrors(errors)}`, {
    ...(name !== '' && { name }),
    ...(kind.group !== '' && { group: kind.group }),
    ...(kind.kind !== '' && { kind: kind.kind }),
    ...(causes.length > 0 && { causes }),
  });
}

/** 400 */
export function badRequest(message: string): StatusError {
  return failure(400, 'BadRequest', message);
}

/** For an object that says no name of its own, though its URL does. */
export function nameUndeterminable(name: string): StatusError {
  return badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
}

/** 401: `Unauthorized` from the server; `not authorized` where no reason is given. */
export function unauthorized(message = 'Unauthorized'): StatusError {
  return failure(401, 'Unauthorized', message === '' ? 'not authorized' : message);
}

/** 403: `pods "x" is forbidden: why` */
export function forbiddenRequest(resource: ResourceName, name: string, why: string): StatusError {
  const what = resource.resource === '' ? '' : groupResource(resource);
  const head = what === '' ? 'forbidden' : name === '' ? `${what} is forbidden` : `${what} ${quote(name)} is forbidden`;
  return about(resource, name, 403, 'Forbidden', `${head}: ${why}`);
}

/** What an authoriser refused; `RequestInfo` of either kind is one. */
export type RefusedRequest =
  | {
      readonly isResource: true;
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource: string;
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly isResource: false; readonly verb: string; readonly path: string };

/** 403 of authorisation: `pods is forbidden: User "u" cannot list resource "pods" in API group "" in the namespace "n"`. */
export function forbiddenByAuthorizer(username: string, request: RefusedRequest, reason = ''): StatusError {
  const behind = reason === '' ? '' : `: ${reason}`;
  const head = `User ${quote(username)} cannot ${request.verb}`;
  if (!request.isResource) {
    const why = withoutMarkup(`${head} path ${quote(request.path)}`) + behind;
    return forbiddenRequest({ group: '', resource: '' }, '', why);
  }
  const resource = request.subresource === '' ? request.resource : `${request.resource}/${request.subresource}`;
  const scope = request.namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(request.namespace)}`;
  const what = `${head} resource ${quote(resource)} in API group ${quote(request.group)} ${scope}`;
  return forbiddenRequest(request, request.name, withoutMarkup(what) + behind);
}

/** 410 for a resource version that is no longer there; `Expired` is what informers relist on. */
export function expired(message: string): StatusError {
  return failure(410, 'Expired', message);
}

/** 410 for a watch or list at a revision that was compacted. */
export function tooOldResourceVersion(wanted: number | bigint | string, oldest: number | bigint | string): StatusError {
  return expired(`too old resource version: ${wanted} (${oldest})`);
}

/** 410 */
export function gone(message: string): StatusError {
  return failure(410, 'Gone', message);
}

/** 504 for a resource version that this server has not seen yet. */
export function tooLargeResourceVersion(
  wanted: number | bigint | string,
  current: number | bigint | string,
  retryAfterSeconds = 1,
): StatusError {
  return failure(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds,
  });
}

/** 405: `delete is not supported on resources of kind "x"` */
export function methodNotSupported(resource: ResourceName, action: string): StatusError {
  const message = `${action} is not supported on resources of kind ${quote(groupResource(resource))}`;
  return about(resource, '', 405, 'MethodNotAllowed', message);
}

/** 406, with the media types that would have been possible. */
export function notAcceptable(accepted: readonly string[]): StatusError {
  return failure(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`);
}

/** 415, with the media types that are understood. */
export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return failure(415, 'UnsupportedMediaType', message);
}

/** 413: `Request entity too large: limit is 3145728` */
export function requestEntityTooLarge(why: string): StatusError {
  return failure(413, 'RequestEntityTooLarge', `Request entity too large: ${why}`);
}

/** 429 */
export function tooManyRequests(message: string, retryAfterSeconds = 0): StatusError {
  return failure(429, 'TooManyRequests', message, retryAfter(retryAfterSeconds));
}

/** 504: `Timeout: why` */
export function timeout(why: string, retryAfterSeconds = 0): StatusError {
  return failure(504, 'Timeout', `Timeout: ${why}`, retryAfter(retryAfterSeconds));
}

/** 500 with reason ServerTimeout: the operation may be tried again. */
export function serverTimeout(resource: ResourceName, operation: string, retryAfterSeconds = 0): StatusError {
  const message = `The ${operation} operation against ${groupResource(resource)} could not be completed at this time, please try again.`;
  return about(resource, operation, 500, 'ServerTimeout', message, retryAfter(retryAfterSeconds));
}

/** 500: `Internal error occurred: why`; the error that caused it stays attached for the log. */
export function internalError(why: unknown): StatusError {
  const message = why instanceof Error ? why.message : String(why);
  return failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] }, why);
}

/** 500 without a reason: what Kubernetes answers for an error that nobody turned into a Status. */
export function unclassifiedError(message: string): StatusError {
  return failure(500, undefined, message);
}

/** 503 */
export function serviceUnavailable(message: string): StatusError {
  return failure(503, 'ServiceUnavailable', message);
}

/** The 404 of a resource, group or version that is not served. */
export function resourceNotServed(): StatusError {
  return failure(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** The error of an answer that carries a status code and no Status of its own. */
export interface GenericResponse {
  readonly code: number;
  /** HTTP method. */
  readonly method: string;
  readonly resource: ResourceName;
  readonly name: string;
  readonly serverMessage: string;
  readonly retryAfterSeconds: number;
  /** The body was not what an API server sends. */
  readonly unexpected: boolean;
}

const genericAnswers: Readonly<Record<number, readonly [reason: StatusReason, message: string]>> = {
  400: ['BadRequest', 'the server rejected our request for an unknown reason'],
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  422: ['Invalid', 'the server rejected our request due to an error in our request'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: [
    'Timeout',
    'the server was unable to return a response in the time allotted, but may still be processing the request',
  ],
};

/** What a client makes of an answer without a Status. */
export function genericServerResponse(response: GenericResponse): StatusError {
  const { code, resource, name, serverMessage, retryAfterSeconds } = response;
  const [reason, message] = genericAnswer(response);
  const verb = response.method.toLowerCase();
  const what = resource.resource === '' ? '' : `${verb} ${groupResource(resource)}${name === '' ? '' : ` ${name}`}`;
  return about(resource, name, code, reason, what === '' ? message : `${message} (${what})`, {
    ...(response.unexpected && { causes: [{ reason: 'UnexpectedServerResponse', message: serverMessage }] }),
    ...retryAfter(retryAfterSeconds),
  });
}

function genericAnswer({ code, method, serverMessage }: GenericResponse): [StatusReason | undefined, string] {
  const unknown = serverMessage === '' || serverMessage === 'unknown';
  if (code === 409) return [method === 'POST' ? 'AlreadyExists' : 'Conflict', 'the server reported a conflict'];
  if (code === 403) return ['Forbidden', serverMessage];
  if (code === 415) return ['UnsupportedMediaType', serverMessage];
  if (code === 406) {
    const message = 'the server was unable to respond with a content type that the client supports';
    return ['NotAcceptable', unknown ? message : serverMessage];
  }
  const known = genericAnswers[code];
  if (known !== undefined) return [known[0], known[1]];
  if (code >= 500) {
    const message = `an error on the server (${quote(serverMessage)}) has prevented the request from succeeding`;
    return ['InternalError', message];
  }
  return [undefined, `the server responded with the status code ${code} but did not return more information`];
}

function about(
  resource: ResourceName,
  name: string,
  code: number,
  reason: StatusReason | undefined,
  message: string,
  more?: StatusDetails,
): StatusError {
  return failure(code, reason, message, {
    ...(name !== '' && { name }),
    ...(resource.group !== '' && { group: resource.group }),
    ...(resource.resource !== '' && { kind: resource.resource }),
    ...more,
  });
}

function failure(
  code: number,
  reason: StatusReason | undefined,
  message: string,
  details?: StatusDetails,
  cause?: unknown,
): StatusError {
  return new StatusError(
    { code, message, ...(reason !== undefined && { reason }), ...(details !== undefined && { details }) },
    cause instanceof Error ? { cause } : undefined,
  );
}

function retryAfter(retryAfterSeconds: number): StatusDetails {
  return retryAfterSeconds > 0 ? { retryAfterSeconds } : {};
}

/** Nothing in the message may look like HTML to a browser. */
function withoutMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
