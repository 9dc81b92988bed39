import { goJson } from '../go-text.ts';
import { jsonEqual } from '../json-equal.ts';
import { isMembers, setMember } from '../members.ts';
import { draft } from '../object.ts';
import { badRequest, genericServerResponse, requestEntityTooLarge } from '../status-errors.ts';

/** One step of an RFC 6902 patch. What it lacks, or what its op is, shows when it is applied. */
export interface JsonPatchOperation {
  readonly op?: string | undefined;
  readonly path?: string | undefined;
  readonly from?: string | undefined;
  readonly value?: unknown;
}

const maxOperations = 10_000;
/** Copying may add this much, as a whole body may be this large. */
const maxCopiedBytes = 3 * 1024 * 1024;

/** Checks that a parsed body is a list of operations. Throws a bad request, or 413 for too many. */
export function checkJsonPatch(body: unknown): readonly JsonPatchOperation[] {
  if (body === null) return [];
  if (!Array.isArray(body)) throw decodingError(body, '', '[]handlers.jsonPatchOp');
  if (body.length > maxOperations) {
    throw requestEntityTooLarge(
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${body.length}`,
    );
  }
  return body.map((operation: unknown) => {
    if (operation === null) return {};
    if (!isMembers(operation)) throw decodingError(operation, '', 'handlers.jsonPatchOp');
    for (const name of ['op', 'path', 'from'] as const) {
      const text = operation[name];
      if (text !== undefined && text !== null && typeof text !== 'string') throw decodingError(text, name, 'string');
    }
    return operation as JsonPatchOperation;
  });
}

function decodingError(value: unknown, field: string, type: string) {
  const what = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  const into = field === '' ? 'Go value' : `Go struct field jsonPatchOp.${field}`;
  return badRequest(`error decoding patch: json: cannot unmarshal ${what} into ${into} of type ${type}`);
}

/**
 * Applies the operations to a copy of the document. As in Kubernetes a missing member reads as null, an index may count from the end,
 * and what cannot be done is answered with a 422 that does not say why.
 */
export function applyJsonPatch(document: unknown, operations: readonly JsonPatchOperation[]): unknown {
  const target = new Document(draft(document));
  for (const operation of operations) target.apply(operation);
  return target.root;
}

type Container = Record<string, unknown> | unknown[];

class Document {
  root: unknown;
  #copiedBytes = 0;

  constructor(root: unknown) {
    this.root = root;
  }

  apply(operation: JsonPatchOperation): void {
    const path = operation.path ?? undefined;
    if (path === undefined) throw impossible();
    switch (operation.op) {
      case 'add':
        this.#add(path, draft(operation.value ?? null));
        break;
      case 'replace':
        this.#replace(path, draft(operation.value ?? null));
        break;
      case 'remove':
        this.#remove(path);
        break;
      case 'test':
        if (!jsonEqual(path === '' ? this.root : this.#read(path), operation.value ?? null)) throw impossible();
        break;
      case 'move': {
        const value = this.#read(operation.from);
        this.#remove(operation.from);
        this.#add(path, value);
        break;
      }
      case 'copy':
        this.#add(path, this.#copy(this.#read(operation.from)));
        break;
      default:
        throw impossible();
    }
  }

  #copy(value: unknown): unknown {
    const size = goJson(value).length;
    this.#copiedBytes += size;
    if (this.#copiedBytes > maxCopiedBytes) {
      throw requestEntityTooLarge(
        `Unable to complete the copy, the accumulated size increase of copy is ${this.#copiedBytes}, exceeding the limit ${maxCopiedBytes}`,
      );
    }
    return draft(value);
  }

  #read(path: string | undefined): unknown {
    const { parent, key } = this.#find(path);
    if (!Array.isArray(parent)) return Object.hasOwn(parent, key) ? parent[key] : null;
    return parent[existingIndex(parent, key)];
  }

  #add(path: string, value: unknown): void {
    const { parent, key } = this.#find(path);
    if (Array.isArray(parent)) parent.splice(key === '-' ? parent.length : newIndex(parent, key), 0, value);
    else setMember(parent, key, value);
  }

  #replace(path: string, value: unknown): void {
    if (path === '') {
      this.root = value;
      return;
    }
    const { parent, key } = this.#find(path);
    if (Array.isArray(parent)) parent[existingIndex(parent, key)] = value;
    else setMember(parent, key, value);
  }

  #remove(path: string | undefined): void {
    const { parent, key } = this.#find(path);
    if (Array.isArray(parent)) parent.splice(existingIndex(parent, key), 1);
    else if (Object.hasOwn(parent, key)) delete parent[key];
    else throw impossible();
  }

  /** The container that holds the last step of a path. What stands before the first slash is ignored, as in Kubernetes. */
  #find(path: string | undefined | null): { readonly parent: Container; readonly key: string } {
    const steps = (path ?? '').split('/').slice(1).map(unescapeStep);
    const key = steps.pop();
    if (key === undefined) throw impossible();
    let node = this.root;
    for (const step of steps) {
      if (Array.isArray(node)) node = node[existingIndex(node, step)];
      else if (isMembers(node) && Object.hasOwn(node, step)) node = node[step];
      else throw impossible();
    }
    if (Array.isArray(node) || isMembers(node)) return { parent: node as Container, key };
    throw impossible();
  }
}

function unescapeStep(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** The index of an element that is there; negative ones count from the end. */
function existingIndex(list: readonly unknown[], key: string): number {
  const index = parseIndex(key);
  const at = index < 0 ? index + list.length : index;
  if (at < 0 || at >= list.length) throw impossible();
  return at;
}

/** The index where an element may be inserted; -1 is behind the last one. */
function newIndex(list: readonly unknown[], key: string): number {
  const index = parseIndex(key);
  const at = index < 0 ? index + list.length + 1 : index;
  if (at < 0 || at > list.length) throw impossible();
  return at;
}

function parseIndex(key: string): number {
  if (!/^[-+]?\d{1,9}$/.test(key)) throw impossible();
  return Number(key);
}

function impossible() {
  return genericServerResponse({
    code: 422,
    method: '',
    resource: { group: '', resource: '' },
    name: '',
    serverMessage: '',
    retryAfterSeconds: 0,
    unexpected: false,
  });
}
