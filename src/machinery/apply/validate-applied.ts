import { goValue, quote } from '../go-text.ts';
import { isMembers } from '../members.ts';
import type { ListSchema, ScalarSchema, Schema, StructSchema } from '../schema/schema.ts';
import { elementText, fieldElement, itemElement, type PathElement } from './path-element.ts';

/**
 * What keeps an applied configuration from being read by the schema, worded as Kubernetes words it; undefined when nothing does.
 * Null is fine everywhere: it says that the manager wants the field to have no value.
 */
export function appliedProblem(schema: StructSchema, config: unknown): string | undefined {
  const walk = new ValidateWalk();
  walk.visit(schema, config);
  if (walk.problems.length <= 1) return walk.problems[0];
  return ['errors:', ...walk.problems.map((problem) => `  ${problem}`)].join('\n');
}

class ValidateWalk {
  readonly problems: string[] = [];
  readonly #path: PathElement[] = [];

  visit(schema: Schema, value: unknown): void {
    if (value === null || value === undefined) return;
    switch (schema.kind) {
      case 'any':
        return;
      case 'scalar': {
        const problem = scalarProblem(schema.type, value);
        if (problem !== undefined) this.#report(problem);
        return;
      }
      case 'list':
        if (Array.isArray(value)) this.#items(schema, value);
        else this.#report(`expected list, got &{${goValue(value)}}`);
        return;
      case 'map':
        if (!isMembers(value)) this.#report(`expected map, got &{${goValue(value)}}`);
        else for (const key of Object.keys(value)) this.#descend(fieldElement(key), schema.values, value[key]);
        return;
      case 'struct':
        if (isMembers(value)) this.#fields(schema, value);
        else this.#report(`expected map, got &{${goValue(value)}}`);
    }
  }

  /** Of the fields that are not declared only the first is reported, as Kubernetes stops there. */
  #fields(schema: StructSchema, value: Readonly<Record<string, unknown>>): void {
    let undeclared: string | undefined;
    for (const name of Object.keys(value)) {
      const field = schema.fields.get(name);
      if (field === undefined) undeclared ??= name;
      else this.#descend(fieldElement(name), field.schema, value[name]);
    }
    if (undeclared === undefined) return;
    this.#path.push(fieldElement(undeclared));
    this.#report('field not declared in schema');
    this.#path.pop();
  }

  #items(schema: ListSchema, list: readonly unknown[]): void {
    const seen = new Set<PathElement>();
    for (const [index, item] of list.entries()) {
      const element = schema.listType === 'atomic' ? `i:${index}` : itemElement(schema, item);
      if (typeof element !== 'string') {
        this.#report(`element ${index}: ${element.problem}`);
        return;
      }
      if (seen.has(element)) this.#report(`duplicate entries for key ${elementText(element)}`);
      seen.add(element);
      this.#descend(element, schema.items, item);
    }
  }

  #descend(element: PathElement, schema: Schema, value: unknown): void {
    this.#path.push(element);
    this.visit(schema, value);
    this.#path.pop();
  }

  #report(problem: string): void {
    const path = this.#path.map(elementText).join('');
    this.problems.push(path === '' ? problem : `${path}: ${problem}`);
  }
}

function scalarProblem(type: ScalarSchema['type'], value: unknown): string | undefined {
  switch (type) {
    case 'string':
    case 'bytes':
    case 'time':
    case 'microTime':
    case 'duration':
      return typeof value === 'string'
        ? undefined
        : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
    case 'bool':
      return typeof value === 'boolean' ? undefined : `expected boolean, got &{${goValue(value)}}`;
    case 'int32':
    case 'int64':
    case 'double':
      return typeof value === 'number' ? undefined : `expected numeric (int or float), got ${goTypeOf(value)}`;
    case 'intOrString':
      return undefined;
    case 'quantity':
      return typeof value === 'object' ? `expected any scalar, got &{${goValue(value)}}` : undefined;
  }
}

/** A value as Go source. */
function goSyntax(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (!isMembers(value)) return value === null ? 'interface {}(nil)' : String(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[string]interface {}{${members.map(([key, member]) => `${quote(key)}:${goSyntax(member)}`).join(', ')}}`;
}

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : 'string';
}
