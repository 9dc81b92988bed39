import { goValue } from '../go-text.ts';
import { isMembers, type Members, ownMember, setMember } from '../members.ts';
import { goStructName, goType } from '../schema/go-types.ts';
import type { Schema, StructSchema } from '../schema/schema.ts';
import { badRequest, genericServerResponse, unclassifiedError } from '../status-errors.ts';
import { orderMerged } from './element-order.ts';

const directive = '$patch';
const retainKeys = '$retainKeys';
const elementOrder = '$setElementOrder';
const deleteFromList = '$deleteFromPrimitiveList';

/**
 * Applies a strategic merge patch: a merge patch that knows by the schema which lists are merged by a key or as sets, with the
 * directives `$patch`, `$retainKeys`, `$setElementOrder/x` and `$deleteFromPrimitiveList/x`. Neither argument is changed. Throws
 * StatusErrors worded as Kubernetes words them.
 */
export function applyStrategicPatch(schema: StructSchema, original: Members, patch: Members): Members {
  return mergeMembers(original, patch, schema);
}

/** What the schema says of one member: how it is merged, and the schema of its value. */
interface Field {
  readonly schema: Schema;
  readonly replace: boolean;
  readonly merge: boolean;
  readonly mergeKey: string;
}

function fieldOf(schema: Schema, name: string): Field {
  if (schema.kind === 'map') return { schema: schema.values, replace: false, merge: false, mergeKey: '' };
  if (schema.kind === 'any') return { schema, replace: false, merge: false, mergeKey: '' };
  const field = schema.kind === 'struct' ? schema.fields.get(name) : undefined;
  if (field === undefined) {
    const struct = schema.kind === 'struct' ? goStructName(schema.name) : goType(schema);
    throw unclassifiedError(`unable to find api field in struct ${struct} for the json field "${name}"`);
  }
  const { merge, replace } = field.patchStrategy;
  return { schema: field.schema, replace, merge, mergeKey: field.patchMergeKey ?? '' };
}

function mergeMembers(original: Members, patch: Members, schema: Schema): Members {
  const { [directive]: marker, ...rest } = patch;
  if (marker === 'replace') return rest;
  if (marker === 'delete') return {};
  if (Object.hasOwn(patch, directive)) throw badPatchType(marker, patch);
  const result: Record<string, unknown> = { ...original };
  retain(result, patch);
  const done = mergeOrdered(result, patch, schema);
  for (const key of Object.keys(patch)) {
    if (key === retainKeys || key.startsWith(elementOrder) || done.has(key)) continue;
    if (key.startsWith(deleteFromList)) deleteElements(result, directiveField(key, deleteFromList), patch[key], schema);
    else mergeMember(result, key, patch[key], schema);
  }
  return result;
}

function mergeMember(result: Record<string, unknown>, key: string, value: unknown, schema: Schema): void {
  // In a patch that never was text; the member is not there.
  if (value === undefined) return;
  const before = ownMember(result, key);
  let merged: unknown;
  if (value === null) merged = undefined;
  else if (isMembers(before) && isMembers(value)) {
    const field = fieldOf(schema, key);
    merged = field.replace ? value : mergeMembers(before, value, field.schema);
  } else if (Array.isArray(before) && Array.isArray(value)) {
    const field = fieldOf(schema, key);
    merged = field.merge ? mergeLists(before, value, field) : value;
  } else merged = withoutDirectives(value);
  if (merged === undefined) delete result[key];
  else setMember(result, key, merged);
}

/** `$retainKeys`: what it does not list goes, as from a union. The patch may set nothing else. */
function retain(result: Record<string, unknown>, patch: Members): void {
  if (!Object.hasOwn(patch, retainKeys)) return;
  const list = patch[retainKeys];
  if (!Array.isArray(list)) throw badRequest('invalid patch format of retainKeys');
  const kept = new Set<unknown>(list);
  for (const key of Object.keys(patch)) {
    if (key === retainKeys || patch[key] === null || key.startsWith(deleteFromList) || key.startsWith(elementOrder))
      continue;
    if (!kept.has(key)) throw badRequest('invalid patch format of retainKeys');
  }
  for (const key of Object.keys(result)) if (!kept.has(key)) delete result[key];
}

/** `$setElementOrder/x` with the list x of the same patch. Answers the lists that it dealt with. */
function mergeOrdered(result: Record<string, unknown>, patch: Members, schema: Schema): ReadonlySet<string> {
  const done = new Set<string>();
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(elementOrder)) continue;
    const order = listOf(patch[key]);
    const name = directiveField(key, elementOrder);
    const before = Object.hasOwn(result, name) ? listOf(result[name]) : undefined;
    const changes = Object.hasOwn(patch, name) ? listOf(patch[name]) : undefined;
    const field = fieldOf(schema, name);
    if (changes !== undefined) checkOrder(changes, order, field.mergeKey);
    if (before === undefined && changes === undefined) continue;
    const merged = mergedList(before, changes, field);
    const ofMaps = elementsAreMaps(before ?? [], changes ?? []);
    result[name] = orderMerged(merged, order, before ?? [], ofMaps ? field.mergeKey : '');
    done.add(name);
  }
  return done;
}

function mergedList(
  before: readonly unknown[] | undefined,
  changes: readonly unknown[] | undefined,
  field: Field,
): readonly unknown[] {
  if (changes === undefined) return before ?? [];
  if (before === undefined) return withoutDirectives(changes) as readonly unknown[];
  return field.merge ? mergeLists(before, changes, field) : changes;
}

function mergeLists(before: readonly unknown[], changes: readonly unknown[], field: Field): readonly unknown[] {
  if (before.length === 0 && changes.length === 0) return before;
  if (!elementsAreMaps(before, changes)) {
    const merged = [...new Set([...before, ...changes])];
    return orderMerged(merged, changes, before, '');
  }
  if (field.mergeKey === '') {
    const items = field.schema.kind === 'list' ? field.schema.items : field.schema;
    throw unclassifiedError(`cannot merge lists without merge key for ${items.kind}`);
  }
  const { kept, added } = applyElementDirectives(before as Members[], changes as Members[], field.mergeKey);
  const merged = mergeByKey(kept, added, field);
  return orderMerged(merged, added, kept, field.mergeKey);
}

/** Elements of the patch that are directives: `$patch: delete` of one element, `$patch: replace` of the whole list. */
function applyElementDirectives(before: readonly Members[], changes: readonly Members[], mergeKey: string) {
  let kept = before;
  let replace = false;
  const added: Members[] = [];
  for (const change of changes) {
    const marker = change[directive];
    if (!Object.hasOwn(change, directive)) added.push(change);
    else if (marker === 'delete') {
      if (!Object.hasOwn(change, mergeKey)) throw noMergeKey(change, mergeKey);
      kept = kept.filter((element) => element[mergeKey] !== change[mergeKey]);
    } else if (marker === 'replace') replace = true;
    else if (marker === 'merge') throw unclassifiedError('merging lists cannot yet be specified in the patch');
    else throw badPatchType(marker, change);
  }
  return replace ? { kept: added, added: [] } : { kept, added };
}

function mergeByKey(kept: readonly Members[], added: readonly Members[], field: Field): Members[] {
  const items = field.schema.kind === 'list' ? field.schema.items : field.schema;
  const merged = [...kept];
  for (const change of added) {
    if (!Object.hasOwn(change, field.mergeKey)) throw noMergeKey(change, field.mergeKey);
    const at = merged.findIndex((element) => element[field.mergeKey] === change[field.mergeKey]);
    const found = merged[at];
    if (found === undefined) merged.push(change);
    else merged[at] = mergeMembers(found, change, items);
  }
  for (const element of merged) if (!Object.hasOwn(element, field.mergeKey)) throw noMergeKey(element, field.mergeKey);
  return merged;
}

function deleteElements(result: Record<string, unknown>, name: string, value: unknown, schema: Schema): void {
  const before = ownMember(result, name);
  if (value === null) delete result[name];
  if (!Array.isArray(before) || !Array.isArray(value)) return;
  fieldOf(schema, name);
  if (before.length === 0 && value.length === 0) return;
  elementsAreMaps(before, value);
  result[name] = before.filter((element) => !value.includes(element));
}

/** The elements of the patch must come in the order that the patch asks for. */
function checkOrder(changes: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (order.length === 0 || changes.length === 0) return;
  const wanted = changes.filter((change) => !isMembers(change) || change[directive] !== 'delete');
  let [next, at] = [0, 0];
  while (next < wanted.length && at < order.length) {
    const change = wanted[next];
    if (isMembers(change) && Object.hasOwn(change, directive)) next++;
    else if (keyOf(change, mergeKey) === keyOf(order[at++], mergeKey)) next++;
  }
  if (next === wanted.length) return;
  throw unclassifiedError(
    `The order in patch list:\n${goValue(changes)}\n doesn't match ${elementOrder} list:\n${goValue(order)}\n`,
  );
}

function keyOf(element: unknown, mergeKey: string): unknown {
  if (mergeKey === '') return element;
  if (!isMembers(element)) throw badArgument('map[string]interface {}', element);
  if (!Object.hasOwn(element, mergeKey)) throw noMergeKey(element, mergeKey);
  return element[mergeKey];
}

/** Whether the elements are maps; they must all be of one kind, and no lists. */
function elementsAreMaps(before: readonly unknown[], changes: readonly unknown[]): boolean {
  const kinds = new Set([...before, ...changes].map(goTypeOf));
  if (kinds.has('[]interface {}')) throw unprocessable();
  if (kinds.size > 1) throw unclassifiedError(`list element types are not identical: ${goValue([before, changes])}`);
  if (kinds.size === 0) throw unclassifiedError('no elements in any of the given slices');
  return kinds.has('map[string]interface {}');
}

/** A value that is new here: directives in it mean nothing, a map that is one vanishes. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((element) => element !== undefined);
  if (!isMembers(value)) return value;
  if (Object.hasOwn(value, directive)) return undefined;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = value[key] === null ? undefined : withoutDirectives(value[key]);
    if (member !== undefined) setMember(result, key, member);
  }
  return result;
}

/** The x of `$setElementOrder/x`. */
function directiveField(key: string, prefix: string): string {
  if (key.startsWith(`${prefix}/`)) return key.slice(prefix.length + 1);
  const what = prefix === elementOrder ? 'setElementOrder list' : 'primitive list';
  throw badRequest(`invalid patch format of ${what}`);
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw badArgument('[]interface {}', value);
  return value;
}

function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return '%!s(<nil>)';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'map[string]interface {}';
}

function badArgument(expected: string, actual: unknown) {
  return unclassifiedError(`expected a ${expected}, but received a ${goTypeOf(actual)}`);
}

function noMergeKey(element: Members, mergeKey: string) {
  return unclassifiedError(`map: ${goValue(element)} does not contain declared merge key: ${mergeKey}`);
}

function badPatchType(marker: unknown, patch: Members) {
  const shown = typeof marker === 'string' ? marker : `%!s(${goTypeOf(marker)}=${goValue(marker)})`;
  return unclassifiedError(`unknown patch type: ${shown} in map: ${goValue(patch)}`);
}

function unprocessable() {
  const resource = { group: '', resource: '' };
  return genericServerResponse({
    code: 422,
    method: '',
    resource,
    name: '',
    serverMessage: '',
    retryAfterSeconds: 0,
    unexpected: false,
  });
}
