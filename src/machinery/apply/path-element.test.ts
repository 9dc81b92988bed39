import { expect, test } from 'vitest';
import { builtInSchema } from '../../../test/support/built-in-schemas.ts';
import type { ListSchema, Schema } from '../schema/schema.ts';
import {
  compareElements,
  elementProblem,
  elementText,
  fieldElement,
  fieldName,
  isKnownElement,
  itemElement,
  pathText,
} from './path-element.ts';

function list(type: string, field: string): ListSchema {
  const schema: Schema | undefined = builtInSchema(type).fields.get(field)?.schema;
  if (schema?.kind !== 'list') throw new Error(`${type} has no list ${field}`);
  return schema;
}
const ports = list('core.v1.Container', 'ports');
const containers = list('core.v1.PodSpec', 'containers');
const finalizers = list('meta.v1.ObjectMeta', 'finalizers');

test.each<[ListSchema, unknown, string]>([
  [containers, { name: 'a', image: 'i' }, 'k:{"name":"a"}'],
  [containers, { name: '<"&' }, 'k:{"name":"\\u003c\\"\\u0026"}'],
  [containers, {}, 'k:{"name":""}'],
  [ports, { containerPort: 80 }, 'k:{"containerPort":80,"protocol":"TCP"}'],
  [ports, { protocol: 'UDP', containerPort: 80 }, 'k:{"containerPort":80,"protocol":"UDP"}'],
  [finalizers, 'x/y', 'v:"x/y"'],
])('%# identifies %j', (schema, item, element) => {
  expect(itemElement(schema, item)).toBe(element);
});

test.each<[ListSchema, unknown, string]>([
  [containers, null, 'associative list with keys may not have a null element'],
  [containers, 'x', 'associative list with keys may not have non-map elements'],
  [finalizers, null, "associative list without keys has an element that's an explicit null"],
  [finalizers, {}, "associative list without keys has an element that's a map type"],
  [finalizers, [], 'not supported: associative list with lists as elements'],
  [
    { ...ports, mapKeys: ['name', 'hostIP'] },
    {},
    `associative list with keys has an element that omits all key fields ["name" "hostIP"] (and doesn't have default values for any key fields)`,
  ],
])('%# cannot identify %j', (schema, item, problem) => {
  expect(itemElement(schema, item)).toEqual({ problem });
});

test('texts of paths', () => {
  expect(
    pathText(['f:spec', 'f:containers', 'k:{"name":"a"}', 'f:ports', 'k:{"containerPort":80,"protocol":"TCP"}']),
  ).toBe('.spec.containers[name="a"].ports[containerPort=80,protocol="TCP"]');
  expect(['v:"x"', 'v:1', 'i:3'].map(elementText)).toEqual(['[="x"]', '[=1]', '[3]']);
  expect([fieldName(fieldElement('a:b')), fieldName('k:{}')]).toEqual(['a:b', undefined]);
});

test('the canonical order', () => {
  const elements = [
    'i:2',
    'i:10',
    'v:"b"',
    'v:2',
    'v:10',
    'k:{"p":443}',
    'k:{"p":80}',
    'k:{"p":80,"q":"a"}',
    'k:{"name":"a"}',
    'k:{"p":"80"}',
    'f:b',
    'f:a',
  ];
  expect(elements.toSorted(compareElements)).toEqual([
    'f:a',
    'f:b',
    'k:{"name":"a"}',
    'k:{"p":80}',
    'k:{"p":80,"q":"a"}',
    'k:{"p":443}',
    'k:{"p":"80"}',
    'v:2',
    'v:10',
    'v:"b"',
    'i:2',
    'i:10',
  ]);
});

test('elements from outside', () => {
  for (const good of ['f:', 'f:a', 'k:{"a":1}', 'v:"x"', 'v:1', 'i:0', 'z:later'])
    expect(elementProblem(good)).toBeUndefined();
  expect(elementProblem('f')).toBe('key must be 2 characters long:');
  expect(elementProblem('abc')).toBe('missing colon: abc');
  expect(elementProblem('k:1')).toBe('expected an object');
  expect(elementProblem('v:{')).toBe('invalid JSON "{"');
  expect(elementProblem('i:x')).toBe('invalid index "x"');
  expect(['f:a', 'z:a'].map(isKnownElement)).toEqual([true, false]);
});
