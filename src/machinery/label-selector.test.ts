import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatFieldError } from './field-errors.ts';
import {
  compileLabelSelector,
  everything,
  type LabelSelectorObject,
  nothing,
  selectorFromLabels,
  validateLabelSelector,
} from './label-selector.ts';
import { parseLabelSelector } from './label-selector-parser.ts';
import { StatusError } from './status-error.ts';
import { badRequest } from './status-errors.ts';

test.each([
  ['', {}, true],
  ['a', { a: '' }, true],
  ['a', {}, false],
  ['!a', {}, true],
  ['!a', { a: 'x' }, false],
  ['a=b', { a: 'b' }, true],
  ['a==b', { a: 'c' }, false],
  ['a=', { a: '' }, true],
  ['a=', {}, false],
  ['a!=b', {}, true],
  ['a!=b', { a: 'b' }, false],
  ['a in (b,c)', { a: 'c' }, true],
  ['a in (b,c)', { a: 'd' }, false],
  ['a in (b,)', { a: '' }, true],
  ['a in ()', { a: '' }, true],
  ['a notin (b,c)', {}, true],
  ['a notin (b,c)', { a: 'b' }, false],
  ['a notin (,b)', { a: '' }, false],
  ['a>5', { a: '6' }, true],
  ['a>5', { a: '5' }, false],
  ['a>5', { a: 'x' }, false],
  ['a<5', { a: '-6' }, true],
  ['a<5', {}, false],
  ['a=b,c,!d', { a: 'b', c: 'x' }, true],
  ['a=b,c,!d', { a: 'b', c: 'x', d: '' }, false],
  ['in in (in, notin)', { in: 'notin' }, true],
  ['constructor', {}, false],
  [' a  =  b ', { a: 'b' }, true],
])('%j on %j: %s', (text, labels, matches) => {
  expect(parseLabelSelector(text).matches(labels)).toBe(matches);
});

test.each([
  ['b=1,a', 'a,b=1'],
  ['a in (c,b,b)', 'a in (b,c)'],
  ['a notin (x)', 'a notin (x)'],
  ['a==b', 'a==b'],
  ['a > 5', 'a>5'],
  ['!a', '!a'],
])('%j reads back as %j', (text, canonical) => {
  expect(parseLabelSelector(text).toString()).toBe(canonical);
});

const valueRule =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** What a Kubernetes 1.37.1 answered for each. */
test.each([
  ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ['!', "unable to parse requirement: found '', expected: identifier"],
  ['a in', "unable to parse requirement: found '' expected: '('"],
  ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
  [
    'x>y',
    "unable to parse requirement: values[0]: Invalid value: \"y\": for 'Gt', 'Lt' operators, the value must be an integer",
  ],
  ['=a', "found '=', expected: !, identifier, or 'end of string'"],
  ['a!b', "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"],
  [',', "found ',', expected: !, identifier, or 'end of string'"],
  ['a,', "found '', expected: identifier after ','"],
  ['a,,b', "found ',', expected: identifier after ','"],
  ['a in (b c)', "unable to parse requirement: found 'c', expected: ',' or ')'"],
  ['a=b c', "found 'c', expected: ',' or 'end of string'"],
  ['a=Ü', `unable to parse requirement: values[0][a]: Invalid value: "Ü": ${valueRule}`],
  ['a in (=)', "unable to parse requirement: found '=', expected: ',', ')' or identifier"],
  ['a &&b', "unable to parse requirement: found '&&b', expected: in, notin, =, ==, !=, gt, lt"],
  ['==', "found '==', expected: !, identifier, or 'end of string'"],
  ['a<5,b>=3', "unable to parse requirement: found '=', expected: identifier"],
  ['a===b', "unable to parse requirement: found '=', expected: identifier"],
  ['(a)', "found '(', expected: !, identifier, or 'end of string'"],
  ['a in b', "unable to parse requirement: found 'b' expected: '('"],
  ['!a=b', "found '=', expected: ',' or 'end of string'"],
  ['! !a', "unable to parse requirement: found '!', expected: identifier"],
])('%j is refused', (text, message) => {
  expect(() => parseLabelSelector(text)).toThrow(badRequest(message));
});

test('a refused selector is a bad request', () => {
  expect.assertions(2);
  try {
    parseLabelSelector('A_/b');
  } catch (error) {
    expect((error as StatusError).status).toMatchObject({ reason: 'BadRequest', code: 400 });
    expect((error as StatusError).message).toMatch(
      /^unable to parse requirement: <nil>: Invalid value: "A_\/b": prefix part/,
    );
  }
});

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,3}$/);
const requirement = fc.oneof(
  fc.tuple(word, fc.constantFrom('=', '!=', '=='), word).map(([key, operator, value]) => `${key}${operator}${value}`),
  fc.tuple(fc.constantFrom('', '!'), word).map(([not, key]) => `${not}${key}`),
  fc
    .tuple(word, fc.constantFrom('in', 'notin'), fc.array(word, { minLength: 1, maxLength: 4 }))
    .map(([key, operator, values]) => `${key} ${operator} (${values.join(',')})`),
);

test('the string form says the same as the selector', () => {
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 4 }), fc.dictionary(word, word, { maxKeys: 4 }), (parts, labels) => {
      const selector = parseLabelSelector(parts.join(','));
      const again = parseLabelSelector(selector.toString());
      expect(again.requirements).toEqual(selector.requirements);
      expect(selector.matches(labels)).toBe(parts.every((part) => parseLabelSelector(part).matches(labels)));
    }),
  );
});

test('any text is either a selector or a bad request', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab=!<>(), \t'), maxLength: 12 }), (text) => {
      try {
        parseLabelSelector(text);
      } catch (error) {
        expect(error).toBeInstanceOf(StatusError);
      }
    }),
  );
});

test('selectors of objects', () => {
  const selector: LabelSelectorObject = {
    matchLabels: { app: 'web' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['b', 'a'] },
      { key: 'old', operator: 'DoesNotExist' },
    ],
  };
  const compiled = compileLabelSelector(selector);
  expect(compiled.toString()).toBe('app=web,!old,tier in (a,b)');
  expect(compiled.matches({ app: 'web', tier: 'a' })).toBe(true);
  expect(compiled.matches({ app: 'web', tier: 'a', old: '' })).toBe(false);
  expect(compiled.exactValue('app')).toBe('web');
  expect(compiled.exactValue('tier')).toBeUndefined();
  expect(compileLabelSelector(undefined).matches({})).toBe(false);
  expect(compileLabelSelector({}).matches(undefined)).toBe(true);
  expect([everything.everything, nothing.everything, compiled.everything]).toEqual([true, false, false]);
  expect(selectorFromLabels({ b: '1', a: '2' }).toString()).toBe('a=2,b=1');
  expect(() => compileLabelSelector({ matchExpressions: [{ key: 'a', operator: 'Near' }] })).toThrow(
    '"Near" is not a valid label selector operator',
  );
  expect(() => compileLabelSelector({ matchExpressions: [{ key: 'a', operator: 'In' }] })).toThrow(
    "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
  );
});

test('what is wrong with a selector in an object', () => {
  const errors = validateLabelSelector(
    {
      matchLabels: { a: '-' },
      matchExpressions: [
        { key: 'a', operator: 'In', values: [] },
        { key: 'b', operator: 'Exists', values: ['x'] },
        { key: '', operator: 'Near', values: ['-'] },
      ],
    },
    'spec.selector',
  );
  expect(errors.map((error) => formatFieldError(error).replace(/ \(e\.g\..*$/, ''))).toEqual([
    "spec.selector.matchLabels: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    "spec.selector.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
    'spec.selector.matchExpressions[2].operator: Invalid value: "Near": not a valid selector operator',
    'spec.selector.matchExpressions[2].key: Invalid value: "": name part must be non-empty',
    "spec.selector.matchExpressions[2].key: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    "spec.selector.matchExpressions[2].values[0]: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ]);
  expect(validateLabelSelector(undefined, 'spec.selector')).toEqual([]);
});
