import { isMembers, type Members } from '../members.ts';
import { apiVersionOf } from '../resource-type.ts';
import type { DecodeTarget, FieldValidation } from '../schema/decode.ts';
import { countMembers, maxJsonDepth, outlineJson, plain } from '../schema/json-text.ts';
import { parseYamlNodes, type YamlDocument, YamlSyntaxError } from '../schema/yaml-text.ts';
import { badRequest } from '../status-errors.ts';
import { groupVersionKind } from './apply.ts';

export interface DecodedConfig {
  /** What the manager applies, as it was written: nothing is filled in or dropped. */
  readonly config: Members;
  /** Lines for the `Warning` header. */
  readonly warnings: readonly string[];
}

/**
 * Reads the body of an apply patch, YAML or JSON, and checks its kind. Fields that the schema does not have are for `applyPatch` to refuse.
 * Throws bad requests worded as Kubernetes words them.
 */
export function decodeApplied(
  body: Uint8Array | string,
  target: Pick<DecodeTarget, 'group' | 'version' | 'kind'>,
  fieldValidation: FieldValidation,
): DecodedConfig {
  const text = typeof body === 'string' ? body : new TextDecoder('utf-8', { ignoreBOM: true }).decode(body);
  const { value, duplicates } = parse(text);
  const config = value ?? {};
  if (!isMembers(config)) {
    const what = Array.isArray(config) ? 'array' : typeof config === 'boolean' ? 'bool' : typeof config;
    const why = `json: cannot unmarshal ${what} into Go value of type map[string]interface {}`;
    throw badRequest(`error decoding patch: error unmarshaling JSON: while decoding JSON: ${why}`);
  }
  if (fieldValidation === 'Strict' && duplicates.length > 0) {
    const why = `yaml: unmarshal errors:\n  ${duplicates.join('\n  ')}`;
    throw badRequest(`error strict decoding patch: error converting YAML to JSON: ${why}`);
  }
  const { apiVersion, kind } = config as { readonly apiVersion?: unknown; readonly kind?: unknown };
  if (apiVersion !== apiVersionOf(target) || kind !== target.kind)
    throw badRequest(`invalid object type: ${groupVersionKind(apiVersion, kind)}`);
  return { config, warnings: fieldValidation === 'Warn' ? duplicates : [] };
}

/** Most configurations are JSON; only YAML, and JSON with names given twice, is looked at as YAML. */
function parse(text: string): { readonly value: unknown; readonly duplicates: readonly string[] } {
  try {
    const value: unknown = JSON.parse(text);
    const { members, depth } = outlineJson(text);
    if (depth <= maxJsonDepth && members === countMembers(value)) return { value, duplicates: [] };
  } catch {
    // It is YAML, or nothing.
  }
  const document = parseYaml(text);
  return { value: plain(document.root), duplicates: document.duplicates };
}

function parseYaml(text: string): YamlDocument {
  try {
    return parseYamlNodes(text)[0] ?? { root: null, duplicates: [] };
  } catch (error) {
    if (error instanceof YamlSyntaxError) throw badRequest(`error encoding patch: ${error.message}`);
    throw error;
  }
}
