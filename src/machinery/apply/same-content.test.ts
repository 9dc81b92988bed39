import { expect, test } from 'vitest';
import type { KubeObject } from '../object.ts';
import { sameContent } from './same-content.ts';

const entry = (manager: string, time: string) => ({
  manager,
  operation: 'Apply',
  apiVersion: 'v1',
  time,
  fieldsV1: {},
});
const live: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', resourceVersion: '1', managedFields: [entry('m', 't1'), entry('n', 't2')] },
};
const next = (metadata: object, more: object = {}): KubeObject => ({
  ...live,
  ...more,
  metadata: { ...live.metadata, ...metadata },
});

test('a write that differs in times alone is no write', () => {
  expect(sameContent(live, next({ managedFields: [entry('m', 't3'), entry('n', 't4')], resourceVersion: '' }))).toBe(
    true,
  );
});

test.each([
  [next({ managedFields: [entry('m', 't1')] })],
  [next({ managedFields: [entry('n', 't2'), entry('m', 't3')] })],
  [next({ managedFields: [entry('m', 't1'), { ...entry('n', 't2'), fieldsV1: { 'f:a': {} } }] })],
  [next({ labels: { a: 'b' } })],
  [next({}, { data: { a: 'b' } })],
])('%# anything else is one', (changed) => {
  expect(sameContent(live, changed)).toBe(false);
});
