import { expect, test } from 'vitest';
import { timeout, tooManyRequests } from '../../machinery/status-errors.ts';
import { compressed, errorResponse } from './respond.ts';
import type { ValueFormat } from './value-format.ts';

const json: ValueFormat = {
  contentType: 'application/json',
  value: (value) => new TextEncoder().encode(JSON.stringify(value)),
};

test.each([
  [tooManyRequests('come back', 10), '10'],
  [tooManyRequests('no room for this'), undefined],
  [timeout('too long', 2), '2'],
  [timeout('too long'), undefined],
])('the header says when to try again where the error does: %s', (error, header) => {
  expect(errorResponse(error, json).headers['retry-after']).toBe(header);
});

test.each([
  [{}, 'Accept-Encoding'],
  [{ vary: 'Accept' }, 'Accept-Encoding, Accept'],
])('a compressed answer varies by what it did before, too: %j', (headers, vary) => {
  const response = { status: 200, headers, body: new Uint8Array(200_000) };
  expect(compressed(response, 'gzip').headers['vary']).toBe(vary);
});
