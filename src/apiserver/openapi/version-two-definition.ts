import type { Component } from './schema-components.ts';

/**
 * The schema as version 2 has it: without defaults, a reference in the place of a list of one, and for what is written in two ways
 * (quantities, ports) the one that takes in the other.
 */
export function definitionOf(component: Component): Component {
  const { default: _default, allOf, oneOf, $ref, properties, additionalProperties, items, ...rest } = component;
  const reference = $ref ?? allOf?.[0]?.$ref;
  return {
    ...rest,
    ...(reference !== undefined && { $ref: reference.replace('#/components/schemas/', '#/definitions/') }),
    ...(oneOf !== undefined && { type: 'string' }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, definitionOf(property)]),
      ),
    }),
    ...(additionalProperties !== undefined && { additionalProperties: definitionOf(additionalProperties) }),
    ...(items !== undefined && { items: definitionOf(items) }),
  };
}
