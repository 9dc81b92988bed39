import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryObject } from '../../../test/reference/arbitrary-object.ts';
import { isMembers, type Members } from '../../machinery/members.ts';
import { normalise } from '../../machinery/schema/normalise.ts';
import type { Schema } from '../../machinery/schema/schema.ts';
import { resourceFacts } from '../../resources/schema/resource-facts.generated.ts';
import { builtInSchema } from '../../resources/schema/schema-table.ts';
import { decodeMessage } from './decode-message.ts';
import { encodeMessage } from './encode-message.ts';

test('what is encoded is decoded to the same, for every kind', () => {
  for (const { typeName } of resourceFacts) {
    const schema = builtInSchema(typeName);
    fc.assert(
      fc.property(arbitraryObject(schema), (arbitrary) => {
        const object = normalise(schema, arbitrary).value;
        const decoded = normalise(schema, decodeMessage(schema, encodeMessage(schema, object))).value;
        expect(decoded).toEqual(normalise(schema, asInMessage(schema, object) as object).value);
      }),
      { numRuns: 10 },
    );
  }
});

/** Messages have no types of objects, also not of those within others, and do not tell a list without items from none. */
function asInMessage(schema: Schema, value: unknown): unknown {
  if (schema.kind === 'list' && Array.isArray(value)) return value.map((item) => asInMessage(schema.items, item));
  if (!isMembers(value)) return value;
  if (schema.kind === 'map') return mapped(value, (member) => asInMessage(schema.values, member));
  if (schema.kind !== 'struct') return value;
  const isObject = schema.fields.has('metadata') && schema.fields.has('apiVersion');
  return mapped(value, (member, name) => {
    if (isObject && (name === 'apiVersion' || name === 'kind')) return undefined;
    const field = schema.fields.get(name)?.schema;
    const isEmpty = field?.kind === 'list' && Array.isArray(member) && member.length === 0;
    return field === undefined || isEmpty ? undefined : asInMessage(field, member);
  });
}

function mapped(members: Members, convert: (member: unknown, name: string) => unknown): Members {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, convert(member, name)]));
}

test('keys are in the order of their bytes', () => {
  const schema = builtInSchema('core.v1.ConfigMap');
  const data = { '\uffff': '', '😀': '', b: '', a: '' };
  const text = Buffer.from(encodeMessage(schema, { data })).toString();
  const order = Object.keys(data).toSorted((a, b) => text.indexOf(a) - text.indexOf(b));
  expect(order).toEqual(['a', 'b', '\uffff', '😀']);
});

test('after an error the next message begins anew', () => {
  const schema = builtInSchema('core.v1.ConfigMap');
  const circular: Record<string, unknown> = {};
  circular['a'] = circular;
  const revision = builtInSchema('apps.v1.ControllerRevision');
  expect(() => encodeMessage(revision, { metadata: { name: 'x' }, data: circular })).toThrow();
  expect(encodeMessage(schema, {})).toEqual(encodeMessage(schema, { metadata: {} }));
});
