import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StatusError } from '../../machinery/status-error.ts';
import { decodeContinue, encodeContinue } from './continue-token.ts';

const token = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

test('a token comes back as it was', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1 }),
      fc.stringMatching(/^[a-z0-9.-]{1,9}(\/[a-z0-9-]{1,9})?$/),
      (revision, start) => {
        fc.pre(!start.split('/').some((part) => part === '.' || part === '..'));
        expect(decodeContinue(encodeContinue({ revision, start }))).toEqual({ revision, start });
      },
    ),
  );
});

test('any text is a token, which stays within its list, or a bad request', () => {
  const odd = fc.oneof(
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom('/a', '..', '/../b', '/a/./b', '//a', -1, 0, 1.5, 1e300),
  );
  const close = fc.record({ v: fc.constantFrom('meta.k8s.io/v1', 'v1', 7), rv: odd, start: odd }, { requiredKeys: [] });
  const text = fc.oneof(close.map(token), fc.jsonValue().map(token), fc.string(), fc.base64String());
  fc.assert(
    fc.property(text, (continued) => {
      try {
        const { revision, start } = decodeContinue(continued);
        expect(Number.isSafeInteger(revision)).toBe(true);
        expect(start).not.toMatch(/^\/|(^|\/)\.\.?(\/|$)/);
      } catch (error) {
        expect((error as StatusError).code).toBe(400);
      }
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ['x', 0],
  ['abcde', 4],
  ['ab.d', 2],
  ['====', 0],
])('%j is no base64 from byte %i on', (text, at) => {
  expect(() => decodeContinue(text)).toThrow(
    `invalid continue token: continue key is not valid: illegal base64 data at input byte ${at}`,
  );
});
