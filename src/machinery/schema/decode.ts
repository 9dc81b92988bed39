import { quote } from '../go-text.ts';
import { isMembers } from '../members.ts';
import type { Draft, KubeObject } from '../object.ts';
import { apiVersionOf, parseApiVersion } from '../resource-type.ts';
import type { StatusError } from '../status-error.ts';
import { badRequest } from '../status-errors.ts';
import {
  type JsonNode,
  JsonObject,
  JsonSyntaxError,
  maxJsonDepth,
  outlineJson,
  parseJsonNodes,
  toNodes,
} from './json-text.ts';
import { normalise } from './normalise.ts';
import type { StructSchema } from './schema.ts';
import { decodeStrictly, kindOf } from './strict.ts';
import { parseYamlNodes, YamlSyntaxError } from './yaml-text.ts';

/** What becomes of unknown and duplicate fields (KEP-2885): an error, warnings, or nothing. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface DecodeTarget {
  readonly group: string;
  readonly version: string;
  /** Versions under which the same body is accepted as well. */
  readonly olderVersions?: readonly string[] | undefined;
  readonly kind: string;
  readonly schema: StructSchema;
}

export interface DecodeOptions {
  readonly fieldValidation: FieldValidation;
  readonly format: 'json' | 'yaml';
  /** Whether a kind other than the wanted one exists at all: its message differs. */
  readonly isKnownKind?: (apiVersion: string, kind: string) => boolean;
}

export interface Decoded {
  /** Normalised, a fresh object; apiVersion and kind are those of the target. */
  readonly object: Draft<KubeObject>;
  /** Lines for the `Warning` header. */
  readonly warnings: readonly string[];
}

/**
 * Reads a body as an object of the target's type. Throws a bad request worded as Kubernetes words it: broken text, another kind, a
 * value of a wrong type, and with `Strict` unknown and duplicate fields.
 */
export function decodeObject(body: Uint8Array | string, target: DecodeTarget, options: DecodeOptions): Decoded {
  const text = typeof body === 'string' ? body : new TextDecoder('utf-8', { ignoreBOM: true }).decode(body);
  const fast = decodeFast(text, target);
  if (fast !== undefined) return { object: fast, warnings: [] };
  return decodeExactly(text, target, options);
}

/** JSON without any fault, which nearly all of it is; undefined for everything else. YAML may well be JSON. */
function decodeFast(text: string, target: DecodeTarget): Draft<KubeObject> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  const { apiVersion, kind } = parsed as { readonly apiVersion?: unknown; readonly kind?: unknown };
  if ((apiVersion !== undefined && apiVersion !== apiVersionOf(target)) || (kind !== undefined && kind !== target.kind))
    return undefined;
  const outline = outlineJson(text);
  if (outline.fractions || outline.depth > maxJsonDepth) return undefined;
  const { value, clean, members } = normalise(target.schema, parsed);
  return clean && members === outline.members ? finish(value, target) : undefined;
}

function decodeExactly(text: string, target: DecodeTarget, options: DecodeOptions): Decoded {
  const { root, duplicates } = parse(text, target, options.format);
  const mistake = kindProblem(root, target, options.isKnownKind);
  if (mistake !== undefined) {
    if (mistake.place === 'group') throw badRequest(mistake.why);
    throw mistake.place === 'document'
      ? unrecognized(encoder.encode(text), target, mistake.why)
      : cannotBeHandled(claims(root), target, mistake.why);
  }
  const { failure, strictErrors, value } = decodeStrictly(target.schema, asObject(root));
  if (failure !== undefined) throw cannotBeHandled(claims(root), target, failure);
  if (options.fieldValidation === 'Strict' && duplicates.length + strictErrors.length > 0) {
    const yaml = duplicates.length === 0 ? [] : [`yaml: unmarshal errors:\n  ${duplicates.join('\n  ')}`];
    throw cannotBeHandled(claims(root), target, `strict decoding error: ${[...yaml, ...strictErrors].join(', ')}`);
  }
  return {
    object: finish(normalise(target.schema, value).value, target),
    warnings: options.fieldValidation === 'Warn' ? [...duplicates, ...strictErrors] : [],
  };
}

function asObject(root: JsonNode): JsonObject {
  return root instanceof JsonObject ? root : new JsonObject([]);
}

/**
 * The same for a value that is parsed already, such as a patched object. `refuse` words an error; the warnings name all unknown fields,
 * whatever becomes of them.
 */
export function decodeParsed(
  parsed: unknown,
  target: DecodeTarget,
  refuse: (why: string) => StatusError,
  isKnownKind?: DecodeOptions['isKnownKind'],
): Decoded {
  const claimsTarget =
    isMembers(parsed) && parsed['apiVersion'] === apiVersionOf(target) && parsed['kind'] === target.kind;
  if (claimsTarget) {
    const { value, clean } = normalise(target.schema, parsed);
    if (clean) return { object: finish(value, target), warnings: [] };
  }
  const root = toNodes(parsed);
  const mistake = kindProblem(root, target, isKnownKind);
  if (mistake !== undefined) throw mistake.place === 'group' ? badRequest(mistake.why) : refuse(mistake.why);
  const { failure, strictErrors, value } = decodeStrictly(target.schema, asObject(root));
  if (failure !== undefined) throw refuse(failure);
  return { object: finish(normalise(target.schema, value).value, target), warnings: strictErrors };
}

function finish(value: Record<string, unknown>, target: DecodeTarget): Draft<KubeObject> {
  return Object.assign(value, { apiVersion: apiVersionOf(target), kind: target.kind }) as unknown as Draft<KubeObject>;
}

function parse(text: string, target: DecodeTarget, format: 'json' | 'yaml') {
  try {
    if (format === 'yaml') return parseYamlNodes(text)[0] ?? { root: null, duplicates: [] };
    return { root: parseJsonNodes(text), duplicates: [] };
  } catch (error) {
    if (error instanceof YamlSyntaxError) throw unrecognized(encoder.encode(text), target, error.message);
    if (error instanceof JsonSyntaxError)
      throw unrecognized(encoder.encode(text), target, `couldn't get version/kind; json parse error: ${error.message}`);
    throw error;
  }
}

const typeMeta =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

interface KindProblem {
  /** Whether the document is no object at all, the kind is another one, or only the group and version. */
  readonly place: 'document' | 'kind' | 'group';
  readonly why: string;
}

/** The kind that a body claims to be must be the one that is wanted; one that claims nothing is taken for it. */
function kindProblem(
  root: JsonNode,
  target: DecodeTarget,
  isKnownKind: DecodeOptions['isKnownKind'],
): KindProblem | undefined {
  if (root === null) return undefined;
  const interpretation = "couldn't get version/kind; json parse error: json: cannot unmarshal";
  if (!(root instanceof JsonObject))
    return { place: 'document', why: `${interpretation} ${kindOf(root)} into Go value of type ${typeMeta}` };
  for (const [name, value] of root.members) {
    if ((name !== 'apiVersion' && name !== 'kind') || value === null || typeof value === 'string') continue;
    const why = `${interpretation} ${kindOf(value)} into Go struct field .${name} of type string`;
    return { place: 'document', why };
  }
  const { apiVersion = '', kind = '' } = claims(root);
  if (apiVersion.split('/').length > 2)
    return { place: 'document', why: `unexpected GroupVersion string: ${apiVersion}` };
  const { group, olderVersions = [] } = target;
  const wanted = apiVersionOf(target);
  const older = olderVersions.map((version) => apiVersionOf({ group, version }));
  const claimed = apiVersion === '' ? wanted : apiVersion;
  const claimedKind = kind === '' ? target.kind : kind;
  if ((claimed === wanted || older.includes(claimed)) && claimedKind === target.kind) return undefined;
  if (isKnownKind?.(claimed, claimedKind) !== true) {
    const why = `no kind ${quote(claimedKind)} is registered for version ${quote(claimed)} in scheme "pkg/runtime/scheme.go:111"`;
    return { place: 'kind', why };
  }
  if (claimedKind === target.kind) {
    const why = `the API version in the data (${claimed}) does not match the expected API version (${wanted})`;
    return { place: 'group', why };
  }
  const from = `${parseApiVersion(claimed).version}.${claimedKind}`;
  const to = `${internalPackage(target.group)}.${target.kind}`;
  return { place: 'kind', why: `converting (${from}) to (${to}): unknown conversion` };
}

/** Kubernetes names its internal packages by the first part of the group. */
function internalPackage(group: string): string {
  return group === '' ? 'core' : (group.split('.')[0] ?? '');
}

interface Claims {
  readonly apiVersion?: string;
  readonly kind?: string;
}

function claims(document: JsonNode): Claims {
  const result: { apiVersion?: string; kind?: string } = {};
  if (!(document instanceof JsonObject)) return result;
  for (const [name, value] of document.members)
    if ((name === 'apiVersion' || name === 'kind') && typeof value === 'string') result[name] = value;
  return result;
}

/** `Deployment in version "v1" cannot be handled as a Deployment: why` */
export function cannotBeHandled(claimed: Claims, target: DecodeTarget, why: string): StatusError {
  const { apiVersion = '', kind = '' } = claimed;
  const version = apiVersion === '' ? target.version : parseApiVersion(apiVersion).version;
  return badRequest(
    `${kind === '' ? target.kind : kind} in version ${quote(version)} cannot be handled as a ${target.kind}: ${why}`,
  );
}

const summaryBytes = 30;
const openBrace = 0x7b;
const encoder = new TextEncoder();

/** The message for what is no object at all, with its first bytes: as they are, or in hexadecimal. */
export function unrecognized(bytes: Uint8Array, target: DecodeTarget, why: string): StatusError {
  const head = bytes.subarray(0, summaryBytes);
  const shown = bytes[0] === openBrace ? new TextDecoder().decode(head) : head.toHex();
  const summary = bytes.length === 0 ? '<empty>' : bytes.length > summaryBytes ? `${shown} ...` : shown;
  return badRequest(`the object provided is unrecognized (must be of type ${target.kind}): ${why} (${summary})`);
}
