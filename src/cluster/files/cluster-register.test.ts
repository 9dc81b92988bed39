import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RealEnvironment } from '../../machinery/environment/real.ts';
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

test('the range of its nodes counts, and stays with it from one start to the next', () => {
  const one = cluster('a');
  const other = cluster('bb');
  register.enter(other.place, other.identity, '192.168.240.0/24');
  register.enter(other.place, other.identity);
  expect(register.others(one.place)[0]?.ranges).toContain('192.168.240.0/24');
});

test('one at a time chooses, also after one that failed', async () => {
  const environment = new RealEnvironment();
  const other = createServer().listen(`\0stuurman${join(directory, 'register')}`);
  await once(other, 'listening');
  const chosen: string[] = [];
  const failing = register.exclusively(environment, () => {
    chosen.push('failing');
    throw new Error('nothing is free');
  });
  const waiting = register.exclusively(environment, () => chosen.push('waiting'));
  await environment.sleep(100);
  expect(chosen).toEqual([]);
  other.close();
  await expect(failing).rejects.toThrow('nothing is free');
  await waiting;
  expect(chosen).toHaveLength(2);
});
