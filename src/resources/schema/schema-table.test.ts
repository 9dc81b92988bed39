import { expect, test } from 'vitest';
import { fieldSetOf } from '../../machinery/apply/field-set.ts';
import { builtInSchemas } from './schema-table.ts';

test('a field may say otherwise than its type whether it is atomic', () => {
  const volume = builtInSchemas.get('core.v1.PersistentVolume');
  const reference = { namespace: 'shop', name: 'data' };
  if (volume === undefined) throw new Error('no schema');
  expect(fieldSetOf(volume, { spec: { claimRef: reference } })).toEqual({
    'f:spec': { 'f:claimRef': { 'f:name': {}, 'f:namespace': {} } },
  });
  const binding = builtInSchemas.get('core.v1.Binding');
  if (binding === undefined) throw new Error('no schema');
  expect(fieldSetOf(binding, { target: reference })).toEqual({ 'f:target': {} });
});

test('a union is no struct, also after it was read as a field', () => {
  expect(builtInSchemas.get('apiextensions.v1.JSONSchemaProps')?.fields.get('items')?.schema).toMatchObject({
    kind: 'any',
    union: { name: 'apiextensions.v1.JSONSchemaPropsOrArray' },
  });
  expect(builtInSchemas.get('apiextensions.v1.JSONSchemaPropsOrArray')).toBeUndefined();
});
