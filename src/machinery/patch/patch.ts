import { invalid } from '../field-errors.ts';
import { goValue, quote } from '../go-text.ts';
import { isMembers, type Members } from '../members.ts';
import type { KubeObject } from '../object.ts';
import { apiVersionOf } from '../resource-type.ts';
import { type Decoded, type DecodeTarget, decodeParsed, type FieldValidation } from '../schema/decode.ts';
import {
  countMembers,
  duplicateFields,
  type JsonNode,
  JsonObject,
  type JsonOutline,
  maxJsonDepth,
  outlineJson,
  parseJsonNodes,
} from '../schema/json-text.ts';
import type { StatusError } from '../status-error.ts';
import { badRequest, invalidObject, nameUndeterminable } from '../status-errors.ts';
import { applyJsonPatch, checkJsonPatch, type JsonPatchOperation } from './json.ts';
import { applyMergePatch } from './merge.ts';
import { patchedJson } from './patched-json.ts';
import { restoreProblem } from './restore.ts';
import { applyStrategicPatch } from './strategic.ts';

export type PatchType = 'json' | 'merge' | 'strategic';

/** By media type. Server-side apply has its own entry: `applyPatch` under `apply/`. */
export const patchMediaTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
};

/** A patch whose form is right; it is applied once, or again after a conflict. */
export interface ParsedPatch {
  readonly type: PatchType;
  readonly body: Members | readonly JsonPatchOperation[];
  /** Duplicate and unknown fields of the patch itself. */
  readonly strictErrors: readonly string[];
}

/** Reads the body of a patch. Throws bad requests worded as Kubernetes words them. */
export function parsePatch(type: PatchType, body: Uint8Array | string): ParsedPatch {
  const text = typeof body === 'string' ? body : new TextDecoder('utf-8', { ignoreBOM: true }).decode(body);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw badRequest('invalid JSON patch');
  }
  const outline = outlineJson(text);
  if (outline.depth > maxJsonDepth) throw badRequest('invalid JSON patch');
  if (type === 'json') {
    const operations = checkJsonPatch(parsed);
    return {
      type,
      body: operations,
      strictErrors: strictErrorsOf(text, parsed, outline).map((error) => `json patch ${error}`),
    };
  }
  if (type === 'merge' && parsed === null) throw badRequest('Invalid JSON Patch');
  if (parsed !== null && !isMembers(parsed)) {
    const what = Array.isArray(parsed) ? 'array' : typeof parsed === 'boolean' ? 'bool' : typeof parsed;
    const problem = `json: cannot unmarshal ${what} into Go value of type map[string]interface {}`;
    throw badRequest(type === 'merge' ? `error decoding patch: ${problem}` : problem);
  }
  return { type, body: parsed ?? {}, strictErrors: strictErrorsOf(text, parsed, outline) };
}

/**
 * Applies a patch to an object in the version of the target and reads the result as such an object. Throws StatusErrors: 400 where the result
 * says no version, 422 where it cannot be read, or with `Strict` where patch or result have fields that are unknown or given twice.
 */
export function applyPatchTo(
  live: KubeObject,
  patch: ParsedPatch,
  target: DecodeTarget,
  fieldValidation: FieldValidation,
  isKnownKind?: (apiVersion: string, kind: string) => boolean,
): Decoded {
  const patched = patchedValue(live, patch, target);
  const refuse = (why: string) => {
    const shown = patch.type === 'strategic' ? goValue(patch.body) : patchedJson(target.schema, live, patched);
    return invalidObject({ group: '', kind: '' }, '', [invalid('patch', shown, why)]);
  };
  // Kubernetes reads a value that says no version as one of none, in which no field has a name of the API.
  if (patch.type !== 'strategic' && isMembers(patched) && (patched['apiVersion'] ?? '') === '')
    throw nameUndeterminable(live.metadata.name ?? '');
  const claimed = patch.type === 'strategic' ? restored(patched, target, refuse) : patched;
  const { object, warnings } = decodeParsed(claimed, target, refuse, isKnownKind);
  // The patched object comes out of a map there, so what is unknown in it has the order of names.
  const strictErrors = [...patch.strictErrors, ...warnings.toSorted()];
  if (fieldValidation === 'Strict' && strictErrors.length > 0)
    throw refuse(`strict decoding error: ${strictErrors.join(', ')}`);
  return { object, warnings: fieldValidation === 'Warn' ? strictErrors : [] };
}

/** Kubernetes puts a strategically patched value straight into an object of the type: what kind the patch names is not looked at. */
function restored(patched: unknown, target: DecodeTarget, refuse: (why: string) => StatusError): unknown {
  const problem = restoreProblem(target.schema, patched);
  if (problem !== undefined) throw refuse(problem);
  return isMembers(patched) ? { ...patched, apiVersion: apiVersionOf(target), kind: target.kind } : patched;
}

function patchedValue(live: KubeObject, patch: ParsedPatch, target: DecodeTarget): unknown {
  if (patch.type === 'json') return applyJsonPatch(live, patch.body as readonly JsonPatchOperation[]);
  if (patch.type === 'merge') return applyMergePatch(live, patch.body);
  return applyStrategicPatch(target.schema, live as unknown as Members, patch.body as Members);
}

const operationFields = new Set(['op', 'path', 'from', 'value']);

function strictErrorsOf(text: string, parsed: unknown, outline: JsonOutline): readonly string[] {
  const operations = Array.isArray(parsed) ? parsed.filter(isMembers) : [];
  const suspicious = operations.some((operation) => Object.keys(operation).some((name) => !operationFields.has(name)));
  if (!suspicious && outline.members === countMembers(parsed)) return [];
  const nodes = parseJsonNodes(text);
  if (!Array.isArray(nodes)) return duplicateFields(nodes);
  // What an operation carries as a value is looked at when it is part of the result.
  return nodes.flatMap((node, index) => operationErrors(node, `[${index}]`));
}

function operationErrors(node: JsonNode, path: string): readonly string[] {
  if (!(node instanceof JsonObject)) return [];
  const seen = new Set<string>();
  const errors: string[] = [];
  for (const [name] of node.members) {
    const problem = operationFields.has(name) ? (seen.has(name) ? 'duplicate' : undefined) : 'unknown';
    if (problem !== undefined) errors.push(`${problem} field ${quote(`${path}.${name}`)}`);
    seen.add(name);
  }
  return errors;
}
