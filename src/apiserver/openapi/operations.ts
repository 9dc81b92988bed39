import { objectMediaTypes, streamMediaTypes } from '../http/media-types.ts';
import { deleteParameters, listParameters, type Parameter, patchParameters, writeParameters } from './parameters.ts';
import type { Component, GroupVersionKind } from './schema-components.ts';

type Reference = { readonly $ref: string };

/** What all operations on one kind share. */
export interface OperationSubject {
  /** Of what is sent and answered. */
  readonly kind: GroupVersionKind;
  /** The kind of the object that the path names. */
  readonly owner: string;
  /** `apps_v1` */
  readonly tag: string;
  /** What stands between verb and kind in operation ids: `AppsV1Namespaced`. */
  readonly idPrefix: string;
  /** Behind the kind in ids: `Status`, `ForAllNamespaces`, or empty. */
  readonly idSuffix: string;
  /** `status`; empty for the object itself. */
  readonly part: string;
}

/** In the order of the fields of a path in protobuf. */
export const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const;
export type Method = (typeof methods)[number];

/** What is sent or answered, by media type. */
type Content = Readonly<Record<string, { readonly schema: Component }>>;

interface RequestBody {
  readonly content: Content;
  readonly required?: true;
}

interface Answer {
  readonly description: string;
  readonly content?: Content;
}

export interface Operation {
  readonly tags: readonly string[];
  readonly description: string;
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: RequestBody;
  readonly responses: Readonly<Record<string, Answer>>;
  readonly 'x-kubernetes-action'?: string;
  readonly 'x-kubernetes-group-version-kind'?: GroupVersionKind;
}

const patchTypes = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
] as const;

const unauthorized = { description: 'Unauthorized' } as const;

/** The answers of an operation: what each media type carries. */
export function responses(codes: readonly number[], body: Component, watch = false): Operation['responses'] {
  const titles: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };
  const types = [...objectMediaTypes, ...(watch ? streamMediaTypes : [])].sort();
  const content = Object.fromEntries(types.map((type) => [type, { schema: body }]));
  const answers = codes.map((code) => [String(code), { description: titles[code] ?? '', content }] as const);
  return Object.fromEntries([...answers, ['401', unauthorized] as const]);
}

export function readOperation(subject: OperationSubject, body: Reference): Operation {
  return operation(subject, 'read', 'get', 'read', { responses: responses([200], body) });
}

export function listOperation(subject: OperationSubject, list: Reference): Operation {
  const parts = { responses: responses([200], list, true), parameters: listParameters };
  return operation(subject, 'list', 'list', 'list or watch objects of kind', parts);
}

export function createOperation(subject: OperationSubject, body: Reference, answer = body): Operation {
  return operation(subject, 'create', 'post', 'create', {
    parameters: writeParameters,
    requestBody: anyBody(body),
    responses: responses([200, 201, 202], answer),
  });
}

export function replaceOperation(subject: OperationSubject, body: Reference): Operation {
  return operation(subject, 'replace', 'put', 'replace', {
    parameters: writeParameters,
    requestBody: anyBody(body),
    responses: responses([200, 201], body),
  });
}

export function patchOperation(subject: OperationSubject, body: Reference, patch: Reference): Operation {
  return operation(subject, 'patch', 'patch', 'partially update', {
    parameters: patchParameters,
    requestBody: {
      content: Object.fromEntries(patchTypes.map((type) => [type, { schema: patch }])),
      required: true,
    },
    responses: responses([200, 201], body),
  });
}

export function deleteOperation(subject: OperationSubject, options: Reference, answer: Reference): Operation {
  return operation(subject, 'delete', 'delete', 'delete', {
    parameters: deleteParameters,
    requestBody: { content: { '*/*': { schema: options } } },
    responses: responses([200, 202], answer),
  });
}

export function deleteCollectionOperation(subject: OperationSubject, options: Reference, answer: Reference): Operation {
  const names = new Set(deleteParameters.map((parameter) => parameter.name));
  const selecting = listParameters.filter(
    ({ name }) => !names.has(name) && name !== 'watch' && name !== 'allowWatchBookmarks',
  );
  const parameters = [...deleteParameters, ...selecting].sort((a, b) => (a.name < b.name ? -1 : 1));
  const idPrefix = subject.idPrefix.replace(/(?=Namespaced$|$)/, 'Collection');
  return operation({ ...subject, idPrefix }, 'delete', 'deletecollection', 'delete collection of', {
    parameters,
    requestBody: { content: { '*/*': { schema: options } } },
    responses: responses([200], answer),
  });
}

/** A log is read as text, whatever media type is asked for. */
export function readLogOperation(subject: OperationSubject): Operation {
  const text = { type: 'string' };
  const { 200: ok, ...others } = responses([200], text);
  const content = { 'text/plain': { schema: text }, ...ok?.content };
  const answers = { 200: { description: 'OK', content }, ...others };
  return operation(subject, 'read', 'get', 'read', { responses: answers });
}

/** A stream or a proxy. */
export function connectOperation(subject: OperationSubject, method: string): Operation {
  const verb = `${method[0]?.toUpperCase() ?? ''}${method.slice(1)}`;
  const idPrefix = subject.idPrefix.replace(/(?=Namespaced$|$)/, verb);
  return operation({ ...subject, idPrefix }, 'connect', 'connect', `connect ${method.toUpperCase()} requests to`, {
    responses: {
      200: { description: 'OK', content: { '*/*': { schema: { type: 'string' } } } },
      401: unauthorized,
    },
  });
}

function operation(
  { kind, owner, tag, idPrefix, idSuffix, part }: OperationSubject,
  verb: string,
  action: string,
  text: string,
  parts: Pick<Operation, 'responses'> & Partial<Pick<Operation, 'parameters' | 'requestBody'>>,
): Operation {
  const { parameters, requestBody } = parts;
  return {
    tags: [tag],
    description: describe(text, owner, part),
    operationId: `${verb}${idPrefix}${owner}${idSuffix}`,
    ...(parameters !== undefined && { parameters }),
    ...(requestBody !== undefined && { requestBody }),
    responses: parts.responses,
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  };
}

function anyBody(schema: Reference): RequestBody {
  return { content: { '*/*': { schema } }, required: true };
}

function describe(text: string, owner: string, part: string): string {
  const makesOrEnds = text === 'create' || text === 'delete';
  const article = makesOrEnds ? (/^[AEIOU]/.test(owner) ? 'an' : 'a') : 'the specified';
  if (part !== '') return `${text} ${part} of ${article} ${owner}`;
  return text.includes(' ') && text !== 'partially update' ? `${text} ${owner}` : `${text} ${article} ${owner}`;
}
