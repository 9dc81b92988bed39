import type { Draft, KubeObject } from '../../machinery/object.ts';
import { apiVersionOf, parseApiVersion } from '../../machinery/resource-type.ts';
import { type DecodeTarget, decodeObject, type FieldValidation } from '../../machinery/schema/decode.ts';
import { JsonSyntaxError, parseJsonNodes } from '../../machinery/schema/json-text.ts';
import { badRequest } from '../../machinery/status-errors.ts';
import { builtInSchema } from '../../resources/schema/schema-table.ts';
import { isKnownKind } from '../registry/known-kinds.ts';
import { decodeProtobuf, protobufType } from './decode-protobuf.ts';
import type { HttpResourceCall } from './http-call.ts';
import { bodyFormat, readBody } from './request-body.ts';
import { type DeleteOptionsFields, deleteOptionsOfQuery } from './request-options.ts';

/** The object in the body. Throws BadRequest, UnsupportedMediaType, RequestEntityTooLarge. */
export async function decodeBody(
  call: HttpResourceCall,
  target: DecodeTarget,
  fieldValidation: FieldValidation,
): Promise<Draft<KubeObject>> {
  const format = bodyFormat(call.http);
  const body = await readBody(call.http);
  if (format === 'protobuf') return decodeProtobuf(body, target);
  const { object, warnings } = decodeObject(body, target, { fieldValidation, format, isKnownKind });
  for (const warning of warnings) call.warn(warning);
  return object;
}

/** The options of a delete: those in the body, or where there is none those of the query. */
export async function decodeDeleteOptions(call: HttpResourceCall): Promise<DeleteOptionsFields> {
  const body = await readBody(call.http);
  if (body.length === 0) return deleteOptionsOfQuery(call.query);
  const format = bodyFormat(call.http);
  return decodeOptions(body, format) as unknown as DeleteOptionsFields;
}

function decodeOptions(body: Uint8Array, format: ReturnType<typeof bodyFormat>): Draft<KubeObject> {
  if (format === 'protobuf') return decodeProtobuf(body, deleteOptionsTarget(protobufType(body)));
  const text = new TextDecoder().decode(body);
  if (format === 'json') checkJson(text);
  const target = deleteOptionsTarget(claims(text));
  return decodeObject(body, target, { fieldValidation: 'Ignore', format, isKnownKind }).object;
}

/** Throws BadRequest for what is no JSON. */
function checkJson(text: string): void {
  try {
    parseJsonNodes(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw badRequest(`couldn't get version/kind; json parse error: ${error.message}`);
  }
}

interface ClaimedType {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Every group has DeleteOptions of its own, all the same. */
function deleteOptionsTarget({ apiVersion, kind }: ClaimedType): DecodeTarget {
  if (kind !== '' && kind !== 'DeleteOptions') {
    const version = apiVersionOf(parseApiVersion(apiVersion));
    throw badRequest(`no kind "${kind}" is registered for version "${version}" in scheme "pkg/runtime/scheme.go:111"`);
  }
  return { ...parseApiVersion(apiVersion), kind: 'DeleteOptions', schema: builtInSchema('meta.v1.DeleteOptions') };
}

function claims(text: string): ClaimedType {
  try {
    const { apiVersion, kind } = JSON.parse(text) as { readonly apiVersion?: unknown; readonly kind?: unknown };
    return {
      apiVersion: typeof apiVersion === 'string' ? apiVersion : 'v1',
      kind: typeof kind === 'string' ? kind : '',
    };
  } catch {
    return { apiVersion: 'v1', kind: '' };
  }
}
