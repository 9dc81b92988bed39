import { createHash } from 'node:crypto';
import type { GroupVersionDocument, PathItem } from './group-version-document.ts';
import { type Method, methods, type Operation } from './operations.ts';
import type { Parameter } from './parameters.ts';
import type { Component } from './schema-components.ts';
import { definitionOf } from './version-two-definition.ts';

/** `Parameter` with its type beside its name, or the body of a request. */
export type ParameterV2 = NonBodyParameterV2 | BodyParameterV2;

interface NonBodyParameterV2 {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly description: string;
  readonly required?: true;
  readonly type: string;
  readonly uniqueItems: true;
}

interface BodyParameterV2 {
  readonly name: 'body';
  readonly in: 'body';
  readonly required?: true;
  readonly schema: Component;
}

type ParameterEntry = ParameterV2 | { readonly $ref: string };

export interface OperationV2 {
  readonly tags: readonly string[];
  readonly description: string;
  readonly operationId: string;
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  readonly schemes: readonly string[];
  readonly parameters?: readonly ParameterEntry[];
  readonly responses: Readonly<Record<string, { readonly description: string; readonly schema?: Component }>>;
  readonly 'x-kubernetes-action'?: string;
  readonly 'x-kubernetes-group-version-kind'?: object;
}

export interface PathItemV2 extends Partial<Record<Method, OperationV2>> {
  readonly parameters?: readonly ParameterEntry[];
}

/** A document of OpenAPI 2.0, as much of it as there is here. */
export interface VersionTwoDocument {
  readonly swagger: '2.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, PathItemV2>>;
  readonly definitions: Readonly<Record<string, Component>>;
  readonly parameters: Readonly<Record<string, ParameterV2>>;
  readonly securityDefinitions: Readonly<Record<string, SecurityDefinition>>;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

interface SecurityDefinition {
  readonly type: string;
  readonly name: string;
  readonly in: string;
  readonly description: string;
}

const groupVersionKind = 'x-kubernetes-group-version-kind';

/** Makes the one document of version 2 out of those of version 3, which are given one after the other. */
export class VersionTwoBuilder {
  readonly #definitions = new Map<string, Component>();
  readonly #paths = new Map<string, PathItem>();
  readonly #uses = new Map<string, number>();
  readonly #shared = new Map<string, ParameterV2>();

  add({ paths, components }: GroupVersionDocument): void {
    for (const [name, component] of Object.entries(components.schemas)) this.#addDefinition(name, component);
    for (const [path, item] of Object.entries(paths)) {
      this.#paths.set(path, item);
      for (const parameter of parametersOf(item)) {
        const text = JSON.stringify(parameter);
        this.#uses.set(text, (this.#uses.get(text) ?? 0) + 1);
      }
    }
  }

  document(info: VersionTwoDocument['info']): VersionTwoDocument {
    const paths = [...this.#paths].sort(byKey).map(([path, item]) => [path, this.#pathItem(item)] as const);
    const description = 'Bearer Token authentication';
    return {
      swagger: '2.0',
      info,
      paths: Object.fromEntries(paths),
      definitions: Object.fromEntries([...this.#definitions].sort(byKey)),
      parameters: Object.fromEntries([...this.#shared].sort(byKey)),
      securityDefinitions: { BearerToken: { description, type: 'apiKey', name: 'authorization', in: 'header' } },
      security: [{ BearerToken: [] }],
    };
  }

  /** Types that several groups share are the same in all, but for the kinds they stand for. */
  #addDefinition(name: string, component: Component): void {
    const known = this.#definitions.get(name);
    if (known === undefined) {
      this.#definitions.set(name, definitionOf(component));
      return;
    }
    const kinds = [...(known[groupVersionKind] ?? []), ...(component[groupVersionKind] ?? [])];
    const all = new Map(kinds.map((kind) => [JSON.stringify(kind), kind]));
    if (all.size > 0) this.#definitions.set(name, { ...known, [groupVersionKind]: [...all.values()] });
  }

  #pathItem(item: PathItem): PathItemV2 {
    const operations = methods.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [[method, this.#operation(operation)] as const];
    });
    const { parameters } = item;
    return {
      ...Object.fromEntries(operations),
      ...(parameters !== undefined && { parameters: parameters.map((each) => this.#parameter(each)) }),
    };
  }

  #operation({ requestBody, parameters = [], responses, ...operation }: Operation): OperationV2 {
    const sent = Object.entries(requestBody?.content ?? {});
    const schema = sent[0]?.[1].schema;
    const body: readonly ParameterEntry[] =
      schema === undefined
        ? []
        : [
            {
              name: 'body',
              in: 'body',
              ...(requestBody?.required && { required: true }),
              schema: definitionOf(schema),
            },
          ];
    const all = [...body, ...parameters.map((each) => this.#parameter(each))];
    return {
      ...operation,
      consumes: sent.length > 0 ? sent.map(([type]) => type) : ['*/*'],
      produces: Object.keys(responses['200']?.content ?? { '*/*': {} }),
      schemes: ['https'],
      ...(all.length > 0 && { parameters: all }),
      responses: Object.fromEntries(
        Object.entries(responses).map(([code, { description, content = {} }]) => {
          const [answer] = Object.values(content);
          return [code, { description, ...(answer !== undefined && { schema: definitionOf(answer.schema) }) }];
        }),
      ),
    };
  }

  /** What is said more than once is said at one place, under its name and a hash of what it is. */
  #parameter(parameter: Parameter): ParameterEntry {
    const text = JSON.stringify(parameter);
    const { schema, ...rest } = parameter;
    const flat = { ...rest, ...schema };
    if ((this.#uses.get(text) ?? 0) < 2) return flat;
    const name = `${parameter.name}-${createHash('sha256').update(text).digest('base64url').slice(0, 8)}`;
    this.#shared.set(name, flat);
    return { $ref: `#/parameters/${name}` };
  }
}

function parametersOf(item: PathItem): readonly Parameter[] {
  return [...(item.parameters ?? []), ...methods.flatMap((method) => item[method]?.parameters ?? [])];
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
