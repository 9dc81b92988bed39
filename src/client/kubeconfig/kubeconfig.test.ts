import { describe, expect, test } from 'vitest';
import { formatKubeconfig, mergeKubeconfigs, parseKubeconfig, withEntry, withoutEntry } from './kubeconfig.ts';

const entry = {
  name: 'stuurman',
  cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': 'QQ==' },
  user: { 'client-certificate-data': 'Qg==', 'client-key-data': 'Qw==' },
};

test('an entry is written as kubectl writes it, and read back', () => {
  const text = formatKubeconfig(withEntry({}, { ...entry, namespace: 'shop' }));
  expect(text).toBe(`apiVersion: v1
clusters:
  - cluster:
      certificate-authority-data: QQ==
      server: https://127.0.0.1:6443
    name: stuurman
contexts:
  - context:
      cluster: stuurman
      namespace: shop
      user: stuurman-admin
    name: stuurman
current-context: stuurman
kind: Config
users:
  - name: stuurman-admin
    user:
      client-certificate-data: Qg==
      client-key-data: Qw==
`);
  expect(parseKubeconfig(text, 'x')).toMatchObject(withEntry({}, { ...entry, namespace: 'shop' }));
});

test("somebody's file keeps what else is in it", () => {
  const theirs = parseKubeconfig(
    `{apiVersion: v1, kind: Config, preferences: {colors: true}, current-context: work,
      clusters: [{name: work, cluster: {server: "https://work", extensions: [{name: x}]}}, {name: stuurman, cluster: {server: "https://old"}}],
      contexts: [{name: work, context: {cluster: work, user: me}}], users: [{name: me, user: {token: t}}]}`,
    'x',
  );
  const mine = withEntry(theirs, entry);
  expect(mine['current-context']).toBe('stuurman');
  expect(mine['preferences']).toEqual({ colors: true });
  expect(mine.clusters?.map((each) => [each.name, each.cluster.server])).toEqual([
    ['stuurman', 'https://127.0.0.1:6443'],
    ['work', 'https://work'],
  ]);
  const without = withoutEntry(mine, 'stuurman');
  expect(without).toMatchObject({
    preferences: { colors: true },
    users: [{ name: 'me' }],
    contexts: [{ name: 'work' }],
  });
  expect(without).not.toHaveProperty('current-context');
  expect(withoutEntry(theirs, 'stuurman')['current-context']).toBe('work');
});

test('of several files the first to say something wins', () => {
  const a = parseKubeconfig('{clusters: [{name: c, cluster: {server: first}}], current-context: ""}', 'a');
  const b = parseKubeconfig(
    '{clusters: [{name: c, cluster: {server: second}}, {name: d, cluster: {}}], current-context: x}',
    'b',
  );
  expect(mergeKubeconfigs([a, b])).toMatchObject({
    clusters: [{ name: 'c', cluster: { server: 'first' } }, { name: 'd' }],
    'current-context': 'x',
  });
});

describe('what is no kubeconfig is refused with its place', () => {
  test.each([
    ['- a', 'it is not a mapping'],
    ['kind: Pod', 'kind is "Pod", not "Config"'],
    ['clusters: {}', 'clusters is not a list'],
    ['clusters: [{cluster: {}}]', 'clusters[0].name is not a string'],
    ['users: [{name: a, user: {token: 123}}]', 'users[0].user.token is not a string'],
    ['users: [{name: a}]', 'users[0].user is not a mapping'],
    [
      'clusters: [{name: a, cluster: {insecure-skip-tls-verify: "yes"}}]',
      'clusters[0].cluster.insecure-skip-tls-verify is not a boolean',
    ],
    ['current-context: [a]', 'current-context is not a string'],
    ['a: [', 'error loading config file "file"'],
  ])('%s', (text, message) => {
    expect(() => parseKubeconfig(text, 'file')).toThrow(message);
    expect(() => parseKubeconfig(text, 'file')).toThrow('error loading config file "file": ');
  });

  test('an empty one is empty', () => {
    expect(parseKubeconfig('  \n', 'x')).toEqual({});
    expect(parseKubeconfig('# nothing\n---\n', 'x')).toEqual({});
  });
});
