import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  below,
  canonicalFields,
  difference,
  type Fields,
  FieldsBuilder,
  fieldsEqual,
  forEachField,
  hasElement,
  hasField,
  intersection,
  isEmpty,
  isProblem,
  readFields,
  recursiveDifference,
  union,
} from './fields.ts';

/** The model: a set of paths as texts. */
const path = fc.array(fc.constantFrom('f:a', 'f:b', 'k:{"n":1}'), { minLength: 1, maxLength: 3 });
const paths = fc.array(path, { maxLength: 8 });

function build(list: readonly (readonly string[])[]): Fields {
  const builder = new FieldsBuilder();
  for (const each of list) builder.insert(each);
  return builder.fields;
}

function model(fields: Fields): Set<string> {
  const result = new Set<string>();
  forEachField(fields, (each) => result.add(each.join(' ')));
  return result;
}

const modelOf = (list: readonly (readonly string[])[]) => new Set(list.map((each) => each.join(' ')));

test('a set has what was inserted', () => {
  fc.assert(
    fc.property(paths, path, (list, other) => {
      const fields = build(list);
      expect(model(fields)).toEqual(modelOf(list));
      expect(isEmpty(fields)).toBe(list.length === 0);
      expect(hasField(fields, other)).toBe(modelOf(list).has(other.join(' ')));
    }),
  );
});

test('the operations are those of sets', () => {
  fc.assert(
    fc.property(paths, paths, (first, second) => {
      const [a, b] = [build(first), build(second)];
      const [left, right] = [modelOf(first), modelOf(second)];
      expect(model(union(a, b))).toEqual(left.union(right));
      expect(model(intersection(a, b))).toEqual(left.intersection(right));
      expect(model(difference(a, b))).toEqual(left.difference(right));
      const below = (each: string) => [...right].some((other) => each === other || each.startsWith(`${other} `));
      expect(model(recursiveDifference(a, b))).toEqual(new Set([...left].filter((each) => !below(each))));
    }),
  );
});

test('the form of a set depends on what is in it alone, and survives being read', () => {
  fc.assert(
    fc.property(paths, paths, (first, second) => {
      const whole = canonicalFields(build([...first, ...second]));
      expect(JSON.stringify(canonicalFields(union(build(second), build(first))))).toBe(JSON.stringify(whole));
      expect(readFields(JSON.parse(JSON.stringify(whole)))).toEqual(whole);
      expect(fieldsEqual(whole, build([...second, ...first]))).toBe(true);
      expect(fieldsEqual(build(first), build(second))).toBe(
        modelOf(first).symmetricDifference(modelOf(second)).size === 0,
      );
    }),
  );
});

test('operations leave their operands alone, and answer them where nothing changes', () => {
  fc.assert(
    fc.property(paths, paths, (first, second) => {
      const [a, b] = [build(first), build(second)];
      const before = JSON.stringify([a, b]);
      for (const operation of [union, intersection, difference, recursiveDifference]) operation(a, b);
      expect(JSON.stringify([a, b])).toBe(before);
      expect(union(a, build(first))).toBe(a);
      expect(difference(difference(a, b), b)).toEqual(difference(a, b));
    }),
  );
});

test('a field and what is below it', () => {
  const fields: Fields = { 'f:a': { '.': {}, 'f:b': {} }, 'f:c': { 'f:d': {} } };
  expect([hasElement(fields, 'f:a'), hasElement(fields, 'f:c'), hasElement(fields, 'f:z')]).toEqual([
    true,
    false,
    false,
  ]);
  expect(model(below(fields, 'f:a'))).toEqual(new Set(['f:b']));
  expect(isEmpty(below(fields, 'f:z'))).toBe(true);
  expect(canonicalFields({ 'v:"x"': {}, 'f:b': { 'f:x': {}, '.': {} }, 'f:a': {} })).toEqual({
    'f:a': {},
    'f:b': { '.': {}, 'f:x': {} },
    'v:"x"': {},
  });
});

test('sets from outside', () => {
  expect(readFields({ 'f:a': { '.': {} }, 'z:new': { anything: 1 }, '.': {} })).toEqual({ 'f:a': {}, '.': {} });
  for (const [bad, problem] of [
    [null, 'expected an object, got null'],
    [{ 'f:a': 1 }, 'expected an object, got 1'],
    [{ 'f:a': { bad: {} } }, 'missing colon: bad'],
  ] as const) {
    const result = readFields(bad);
    expect(isProblem(result) && result.problem).toBe(problem);
  }
  let deep: object = {};
  for (let level = 0; level < 2000; level++) deep = { 'f:a': deep };
  expect(readFields(deep)).toEqual({ problem: 'fields are nested too deep' });
});

test('any JSON is a set of fields or a problem, and what is read is read again as it is', () => {
  const element = fc.oneof(
    fc.constantFrom(
      '.',
      'f:a',
      'f:',
      'k:{"n":1}',
      'k:{',
      'k:[]',
      'v:"x"',
      'v:',
      'i:0',
      'i:x',
      'i:-1',
      'z:',
      '__proto__',
      '',
    ),
    fc.string({ maxLength: 8 }),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, fc.jsonValue(), fc.dictionary(element, tie('value'), { maxKeys: 4 })),
  }));
  fc.assert(
    fc.property(value, (input) => {
      const fields = readFields(input);
      if (!isProblem(fields)) expect(readFields(canonicalFields(fields))).toEqual(fields);
    }),
    { numRuns: 500 },
  );
  const deep = Array.from({ length: 5_000 }).reduce<object>((inner) => ({ 'f:a': inner }), {});
  expect(readFields(deep)).toEqual({ problem: 'fields are nested too deep' });
});
