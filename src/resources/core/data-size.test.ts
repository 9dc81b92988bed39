import { expect, test } from 'vitest';
import { formatFieldErrors } from '../../machinery/field-errors.ts';
import { configMapDefinition } from './config-map.ts';
import { decodedLength, maxDataBytes } from './data-size.ts';
import { secretDefinition } from './secret.ts';

test.each(['', 'x', 'xy', 'xyz', 'é', 'abcdefg'])('the length of %j is read off its base64', (text) => {
  const bytes = new TextEncoder().encode(text);
  expect(decodedLength(bytes.toBase64())).toBe(bytes.length);
});

// Every character is two bytes, and bytes are what is counted.
const half = 'é'.repeat(maxDataBytes / 4);
const encodedHalf = new TextEncoder().encode(half).toBase64();
const metadata = { name: 'large' };

test.each([
  ['', undefined],
  ['x', '[]: Too long: may not be more than 1048576 bytes'],
])('a ConfigMap of a megabyte and %j', (more, message) => {
  const data = { half, more };
  const errors = configMapDefinition.validate({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    data,
    binaryData: { other: encodedHalf },
  });
  expect(errors.length === 0 ? undefined : formatFieldErrors(errors)).toBe(message);
});

test.each([
  ['', undefined],
  ['eA==', 'data: Too long: may not be more than 1048576 bytes'],
])('a Secret of a megabyte and %j', (more, message) => {
  const data = { half: encodedHalf, other: encodedHalf, more };
  const errors = secretDefinition.validate({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data });
  expect(errors.length === 0 ? undefined : formatFieldErrors(errors)).toBe(message);
});
