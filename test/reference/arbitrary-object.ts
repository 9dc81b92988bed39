import fc from 'fast-check';
import type { KubeObject } from '../../src/machinery/object.ts';
import type { FieldSchema, ScalarSchema, Schema, StructSchema } from '../../src/machinery/schema/schema.ts';

/** How deep an object goes before only scalars are added to it. */
const maxDepth = 9;

const texts = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', 'a', 'b', 'a b', 'a.b/c', '1.2.3.4', '/x', '..', '1', 'é') },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'Always',
      'Never',
      'OnFailure',
      'In',
      'Exists',
      'RollingUpdate',
      'LoadBalancer',
      'ClusterIP',
      'ReadWriteOnce',
      'ReadWriteOncePod',
      'NoExecute',
      'Localhost',
      'windows',
      'Restart',
      'kubernetes.io/tls',
      'kubernetes.io/dockerconfigjson',
      "metadata.labels['a']",
      'limits.cpu',
      'fd00::1',
      'IPv4',
      'ClientIP',
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
);
const scalars: Readonly<Record<ScalarSchema['type'], fc.Arbitrary<unknown>>> = {
  string: texts,
  bool: fc.boolean(),
  int32: fc.constantFrom(-1, 0, 1, 2, 80, 255, 70_000),
  int64: fc.constantFrom(-1, 0, 1, 300, 5_000_000_000),
  double: fc.constantFrom(0, 1.5),
  bytes: fc.constantFrom('', 'eA==', 'e30='),
  time: fc.constantFrom('2026-01-01T00:00:00Z', null),
  microTime: fc.constantFrom('2026-01-01T00:00:00.000001Z', null),
  duration: fc.constant('5s'),
  quantity: fc.constantFrom('0', '1', '-1', '1.5', '100m', '1Gi', '0.0001', 3),
  intOrString: fc.constantFrom(0, 1, -1, 80, '25%', '0%', 'x', ''),
};
const keys = fc.constantFrom('a', 'b', 'cpu', 'memory', 'storage', 'a b', 'example.com/x', 'hugepages-2Mi', 'a.b/c');

/** Any object that has the structure of its kind, with values that are likely to be interesting, valid or not. */
export function arbitraryObject(schema: StructSchema): fc.Arbitrary<KubeObject> {
  const metadata = fc.record({ name: fc.constantFrom('a', 'A', 'a.b'), namespace: fc.constant('n') });
  return fc.tuple(arbitraryStruct(schema, 0), metadata).map(([object, given]) => ({ ...object, metadata: given }));
}

const known = new Map<string, fc.Arbitrary<object>>();

function arbitraryStruct(schema: StructSchema, depth: number): fc.Arbitrary<object> {
  const key = `${schema.name}/${depth}`;
  const made = known.get(key);
  if (made !== undefined) return made;
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of schema.fields.values())
    if (field.schema.kind === 'scalar' || depth < maxDepth) fields[field.name] = arbitraryField(field, depth + 1);
  // Deep objects would be huge if everything were there: the deeper, the less.
  const names = Object.keys(fields);
  const most = Math.ceil(names.length / (depth + 1));
  const result = fc
    .shuffledSubarray(names, { maxLength: most })
    .chain((chosen) => fc.record(Object.fromEntries(chosen.map((name) => [name, fields[name] ?? texts]))));
  known.set(key, result);
  return result;
}

function arbitraryField({ schema, enum: choices }: FieldSchema, depth: number): fc.Arbitrary<unknown> {
  return choices === undefined ? arbitraryValue(schema, depth) : fc.constantFrom(...choices, 'x');
}

function arbitraryValue(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  switch (schema.kind) {
    case 'scalar':
      return scalars[schema.type];
    case 'struct':
      return fc.constant(undefined).chain(() => arbitraryStruct(schema, depth));
    case 'list':
      return fc.array(arbitraryValue(schema.items, depth), { maxLength: 2 });
    case 'map':
      return fc.dictionary(keys, arbitraryValue(schema.values, depth), { maxKeys: 2 });
    case 'any':
      // Every union has an object among what it takes.
      if (schema.union !== undefined) return fc.constant({});
      return fc.constantFrom({}, { a: 1 }, [], 'x', null);
  }
}
