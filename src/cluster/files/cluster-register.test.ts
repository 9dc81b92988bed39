import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { type ClusterIdentity, ensureIdentity } from './cluster-identity.ts';
import { ClusterRegister } from './cluster-register.ts';
import { DataDirectory } from './data-directory.ts';

let directory: string;
let register: ClusterRegister;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stuurman-register-'));
  register = new ClusterRegister(join(directory, 'register'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function cluster(name: string): { readonly place: DataDirectory; readonly identity: ClusterIdentity } {
  const place = new DataDirectory(join(directory, name));
  const environment = new VirtualEnvironment(name.length);
  const identity = ensureIdentity(place, { environment, takenRanges: () => [], notice: () => {} });
  register.enter(place, identity);
  return { place, identity };
}

test('each cluster knows the ranges of the others, and not its own', () => {
  const one = cluster('a');
  const other = cluster('bb');
  expect(register.others(one.place)).toEqual([
    {
      id: other.identity.id,
      directory: other.place.path,
      ranges: [other.identity.podRange, other.identity.serviceRange],
    },
  ]);
});

test('one that was removed, by purging or by hand, does not count any more', () => {
  const one = cluster('a');
  const other = cluster('bb');
  register.leave(other.place);
  const third = cluster('ccc');
  rmSync(third.place.path, { recursive: true });
  expect(register.others(one.place)).toEqual([]);
});

test('one whose file is damaged counts on, and its identity is known', () => {
  const one = cluster('a');
  const other = cluster('bb');
  writeFileSync(other.place.clusterFile, 'not JSON');
  expect(register.others(one.place)).toHaveLength(1);
  const { id, podRange, serviceRange } = other.identity;
  expect(register.identityOf(other.place)).toEqual({ id, podRange, serviceRange });
});

test('a cluster that the machine has joined counts as long as it is joined, beside its server and other nodes', () => {
  const server = cluster('a');
  const joined = ['j1', 'j2'].map((name) => new DataDirectory(join(directory, name)));
  for (const place of joined) {
    const file = { clusterId: server.identity.id, podRange: '10.1.0.0/16', serviceRange: '10.2.0.0/16' };
    place.write(place.joinedFile, JSON.stringify(file));
    register.enterJoined(place, { ...file, id: server.identity.id });
  }
  const known = () => register.others(new DataDirectory('/none')).map((other) => [other.id, other.directory]);
  expect(known()).toHaveLength(3);
  const [first, second] = joined;
  if (first === undefined || second === undefined) throw new Error('no directories');
  register.leave(first);
  second.remove(second.joinedFile);
  expect(known()).toEqual([[server.identity.id, server.place.path]]);
});

test('what is no entry is passed over', () => {
  const one = cluster('a');
  writeFileSync(join(directory, 'register', 'other.json'), '{');
  expect(register.others(one.place)).toEqual([]);
});
