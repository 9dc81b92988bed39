import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryObject } from '../../../test/reference/arbitrary-object.ts';
import { normalise } from '../../machinery/schema/normalise.ts';
import { withStoredLists } from '../../machinery/schema/stored-lists.ts';
import { resourceFacts } from '../../resources/schema/resource-facts.generated.ts';
import { builtInSchema } from '../../resources/schema/schema-table.ts';
import { decodeMessage } from './decode-message.ts';
import { encodeMessage } from './encode-message.ts';

test('what is encoded is decoded to the same, for every kind', () => {
  for (const { typeName } of resourceFacts) {
    const schema = builtInSchema(typeName);
    fc.assert(
      fc.property(arbitraryObject(schema), (arbitrary) => {
        const object = normalise(schema, { ...arbitrary, apiVersion: '', kind: '' }).value;
        const decoded = normalise(schema, decodeMessage(schema, encodeMessage(schema, object))).value;
        // Messages do not tell a list without items from none.
        expect(decoded).toEqual(withStoredLists(schema, object));
      }),
      { numRuns: 10 },
    );
  }
});

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
