import type { FieldSchema, ScalarSchema, Schema, StructSchema } from '../../machinery/schema/schema.ts';
import { componentName, componentReference, freeFormComponents, scalarComponents } from './component-names.ts';
import { descriptions } from './descriptions.ts';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** One schema, in the words of JSON Schema and Kubernetes' extensions. */
export interface Component {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Component>>;
  readonly additionalProperties?: Component;
  readonly items?: Component;
  readonly allOf?: readonly Component[];
  readonly oneOf?: readonly Component[];
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[];
  readonly [extension: `x-kubernetes-${string}`]: unknown;
}

/**
 * The `components.schemas` of one document: types are added by their roots, and bring along what they are made of. The form is
 * that of Kubernetes' own documents (OpenAPI 3.0), which clients know how to read.
 */
export class SchemaComponents {
  readonly #components = new Map<string, Component>();
  readonly #kinds: ReadonlyMap<string, readonly GroupVersionKind[]>;

  /** `kinds`: which types are kinds, by schema name. */
  constructor(kinds: ReadonlyMap<string, readonly GroupVersionKind[]>) {
    this.#kinds = kinds;
  }

  /** Answers the reference to the type. */
  add(given: StructSchema): { readonly $ref: string } {
    const schema = given.declared ?? given;
    const name = componentName(schema.name);
    if (!this.#components.has(name)) {
      // Set before its fields are looked at: types may contain themselves.
      this.#components.set(name, {});
      this.#components.set(name, this.#struct(schema));
    }
    return componentReference(name);
  }

  /** The list type of a kind, which no table knows: it is the same for all. */
  addList(schemaName: string, kind: GroupVersionKind, item: StructSchema, listMeta: StructSchema): { $ref: string } {
    const name = componentName(schemaName);
    this.#components.set(name, {
      description: `A list of ${item.name.slice(item.name.lastIndexOf('.') + 1)} objects.`,
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { type: 'string' },
        items: { description: 'The objects.', type: 'array', items: this.add(item) },
        kind: { type: 'string' },
        metadata: { default: {}, allOf: [this.add(listMeta)] },
      },
      'x-kubernetes-group-version-kind': [kind],
    });
    return componentReference(name);
  }

  /** A component that is written out. */
  addPlain(name: string, component: Component): { readonly $ref: string } {
    this.#components.set(name, component);
    return componentReference(name);
  }

  /** Sorted by name. */
  schemas(): Readonly<Record<string, Component>> {
    return Object.fromEntries([...this.#components].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #struct(schema: StructSchema): Component {
    const required = [...schema.fields.values()].filter((field) => field.required).map((field) => field.name);
    const fields = [...schema.fields.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const kinds = this.#kinds.get(schema.name);
    const description = descriptions[schema.name];
    return {
      ...(description !== undefined && { description }),
      type: 'object',
      ...(required.length > 0 && { required }),
      ...(fields.length > 0 && {
        properties: Object.fromEntries(fields.map((field) => [field.name, this.#field(field, schema.name)])),
      }),
      ...(kinds !== undefined && { 'x-kubernetes-group-version-kind': kinds }),
      ...(schema.atomic && { 'x-kubernetes-map-type': 'atomic' }),
    };
  }

  #field(field: FieldSchema, owner: string): Component {
    const description = descriptions[`${owner}.${field.name}`];
    const { merge, replace, retainKeys } = field.patchStrategy;
    const strategy = [merge && 'merge', replace && 'replace', retainKeys && 'retainKeys'].filter(Boolean).join(',');
    const base = field.default ?? zeroDefault(field);
    const type = this.#type(field.schema);
    return {
      ...(description !== undefined && { description }),
      ...('$ref' in type ? {} : type),
      ...(base !== undefined && { default: base }),
      ...('$ref' in type && { allOf: [type] }),
      ...(field.enum !== undefined && { enum: field.enum }),
      ...(field.mapType !== undefined && { 'x-kubernetes-map-type': field.mapType }),
      ...(field.patchMergeKey !== undefined && { 'x-kubernetes-patch-merge-key': field.patchMergeKey }),
      ...(strategy !== '' && { 'x-kubernetes-patch-strategy': strategy }),
    };
  }

  /** `nested`: within a list or map, where nobody has said how to merge. */
  #type(schema: Schema, nested = false): Component {
    switch (schema.kind) {
      case 'struct':
        return this.add(schema);
      case 'map':
        return {
          type: 'object',
          additionalProperties: this.#type(schema.values, true),
        };
      case 'list':
        return {
          type: 'array',
          items: this.#type(schema.items, true),
          ...(schema.mapKeys.length > 0 && { 'x-kubernetes-list-map-keys': schema.mapKeys }),
          ...(!nested && { 'x-kubernetes-list-type': schema.listType }),
        };
      case 'scalar':
        return this.#scalar(schema);
      case 'any': {
        const component = freeFormComponents[schema.name ?? ''];
        if (component !== undefined) return this.addPlain(component, { type: 'object' });
        return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
      }
    }
  }

  #scalar({ type }: ScalarSchema): Component {
    switch (type) {
      case 'string':
        return { type: 'string' };
      case 'bool':
        return { type: 'boolean' };
      case 'int32':
      case 'int64':
        return { type: 'integer', format: type };
      case 'double':
        return { type: 'number', format: 'double' };
      case 'bytes':
        return { type: 'string', format: 'byte' };
      case 'time':
      case 'microTime':
        return this.addPlain(scalarComponents[type], { type: 'string', format: 'date-time' });
      case 'duration':
        return this.addPlain(scalarComponents.duration, { type: 'string' });
      case 'quantity':
        return this.addPlain(scalarComponents.quantity, { oneOf: [{ type: 'string' }, { type: 'number' }] });
      case 'intOrString':
        return this.addPlain(scalarComponents.intOrString, {
          format: 'int-or-string',
          oneOf: [{ type: 'integer' }, { type: 'string' }],
        });
    }
  }
}

/** What a field holds that is always written and that nobody set. */
function zeroDefault({ schema, pointer, omitEmpty }: FieldSchema): unknown {
  if (pointer) return undefined;
  if (schema.kind === 'struct') return {};
  if (schema.kind !== 'scalar' || omitEmpty) return undefined;
  if (schema.type === 'string') return '';
  if (schema.type === 'bool') return false;
  return schema.type === 'int32' || schema.type === 'int64' || schema.type === 'double' ? 0 : undefined;
}
