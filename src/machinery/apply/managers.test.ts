import { expect, test } from 'vitest';
import type { ManagedFieldsEntry } from '../object.ts';
import { capUpdateManagers, type Manager, readManagers, writeManagers } from './managers.ts';

const entry: ManagedFieldsEntry = {
  manager: 'm',
  operation: 'Update',
  apiVersion: 'v1',
  time: '2026-01-01T00:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1: { 'f:data': { 'f:b': {}, 'f:a': {} } },
};
const manager = (name: string, more: Partial<Manager> = {}): Manager => ({
  name,
  operation: 'Update',
  apiVersion: 'v1',
  subresource: '',
  time: '2026-01-01T00:00:00Z',
  fields: { [`f:${name}`]: {} },
  ...more,
});

test('entries are read and written in canonical form', () => {
  const managers = readManagers([entry], false);
  expect(typeof managers === 'string' ? managers : JSON.stringify(writeManagers(managers))).toBe(
    JSON.stringify([{ ...entry, fieldsV1: { 'f:data': { 'f:a': {}, 'f:b': {} } } }]),
  );
  expect(readManagers(undefined, true)).toEqual([]);
});

test.each<[Partial<ManagedFieldsEntry>, string]>([
  [{ operation: 'x' }, 'operation must be `Apply` or `Update`'],
  [{ operation: undefined }, 'operation must be `Apply` or `Update`'],
  [{ apiVersion: '' }, 'apiVersion must not be empty'],
  [{ fieldsType: undefined }, 'missing fieldsType in managed fields entry 0'],
  [{ fieldsType: 'x' }, 'invalid fieldsType "x" in managed fields entry 0'],
  [{ fieldsV1: { bad: {} } }, 'error decoding versioned set: error decoding set: missing colon: bad'],
])('%j cannot be read: %s', (change, problem) => {
  expect(readManagers([{ ...entry, ...change }], false)).toBe(problem);
});

test('the order: applied first, older first, then by name, version and subresource', () => {
  const late = { time: '2026-01-02T00:00:00Z' };
  const entries = writeManagers([
    manager('d', late),
    manager('c'),
    manager('b', { subresource: 'status' }),
    manager('b', { apiVersion: 'v0' }),
    manager('b'),
    manager('z', { operation: 'Apply', ...late }),
    manager('y', { operation: 'Apply', time: undefined }),
    manager('nothing', { fields: {} }),
  ]);
  expect(entries.map((each) => [each.manager, each.apiVersion, each.subresource])).toEqual([
    ['y', 'v1', undefined],
    ['z', 'v1', undefined],
    ['b', 'v0', undefined],
    ['b', 'v1', undefined],
    ['b', 'v1', 'status'],
    ['c', 'v1', undefined],
    ['d', 'v1', undefined],
  ]);
  expect(entries[0]).not.toHaveProperty('time');
});

test('the oldest updates of a version become one entry', () => {
  const managers = Array.from({ length: 13 }, (_, day) =>
    manager(`u${day}`, { time: `2026-01-${String(day + 1).padStart(2, '0')}T00:00:00Z` }),
  );
  const applied = manager('a', { operation: 'Apply' });
  const capped = capUpdateManagers([applied, ...managers]);
  expect(capped).toHaveLength(11);
  expect(capped).toContain(applied);
  expect(capped.find((each) => each.name === 'ancient-changes')).toEqual({
    ...manager('ancient-changes', { time: '2026-01-04T00:00:00Z' }),
    fields: { 'f:u0': {}, 'f:u1': {}, 'f:u2': {}, 'f:u3': {} },
  });
  expect(capUpdateManagers(capped)).toBe(capped);
  const [, second] = managers;
  const mixed = managers.map((each) => (each === second ? { ...each, apiVersion: 'v2' } : each));
  const names = capUpdateManagers(mixed).map((each) => each.name);
  expect(names).toContain('u1');
  expect(names).not.toContain('u0');
});
