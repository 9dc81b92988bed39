import { expect, test } from 'vitest';
import type { Secret } from '../../../resources/schema/core-v1.generated.ts';
import { RegistryCredentials } from './registry-credentials.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

function secret(name: string, auths: object, form: 'json' | 'old' = 'json'): Secret {
  const key = form === 'json' ? '.dockerconfigjson' : '.dockercfg';
  const config = form === 'json' ? { auths } : auths;
  return {
    metadata: { name, namespace: 'apps', uid: `${name}-uid` },
    type: `kubernetes.io/${key.slice(1)}`,
    data: { [key]: base64(JSON.stringify(config)) },
  };
}

/** The users whose logins are tried for an image's repository. */
function users(repository: string, ...secrets: readonly Secret[]): readonly string[] {
  const credentials = new RegistryCredentials();
  for (const each of secrets) credentials.addSecret(each);
  return credentials.for(repository).map(({ login }) => login.username);
}

const place = (where: string, username = 'me') => secret('s', { [where]: { username, password: 'p' } });

test.each([
  ['registry.example.com', 'registry.example.com/app', true],
  ['registry.example.com', 'registry.example.com:5000/app', false],
  ['registry.example.com:5000', 'registry.example.com:5000/team/app', true],
  ['https://registry.example.com', 'registry.example.com/app', true],
  ['https://registry.example.com/v2/', 'registry.example.com/app', true],
  ['http://registry.example.com/v1/team', 'registry.example.com/team/app', true],
  ['registry.example.com/team', 'registry.example.com/team/app', true],
  ['registry.example.com/team', 'registry.example.com/teamwork/app', true],
  ['registry.example.com/team/', 'registry.example.com/teamwork/app', false],
  ['registry.example.com/other', 'registry.example.com/team/app', false],
  ['*.example.com', 'registry.example.com/app', true],
  ['*.example.com', 'a.registry.example.com/app', false],
  ['*.*.example.com', 'a.registry.example.com/app', true],
  ['docker.io', 'docker.io/library/nginx', true],
  ['https://index.docker.io/v1/', 'docker.io/library/nginx', true],
  ['https://index.docker.io/v1/', 'ghcr.io/a/b', false],
  ['[::1]:5000', '[::1]:5000/app', true],
])('%s is for %s: %s', (where, repository, matches) => {
  expect(users(repository, place(where))).toEqual(matches ? ['me'] : []);
});

test('what is more specific is tried first, and of the same place one secret after the other', () => {
  const general = secret('general', { 'r.example.com': { username: 'general', password: 'p' } });
  const team = secret('team', { 'r.example.com/team': { username: 'team', password: 'p' } });
  const second = secret('second', { 'r.example.com': { username: 'second', password: 'p' } });
  expect(users('r.example.com/team/app', general, team, second)).toEqual(['team', 'general', 'second']);
  expect(users('r.example.com/app', general, team, second)).toEqual(['general', 'second']);
});

test('a login is written in two fields or as one, with padding or without', () => {
  const auth = (text: string) => secret('s', { r: { auth: text } });
  for (const text of [base64('me:a:b'), base64('me:a:b').replaceAll('=', '')]) {
    const credentials = new RegistryCredentials();
    credentials.addSecret(auth(text));
    expect(credentials.for('r/app')[0]).toMatchObject({
      login: { username: 'me', password: 'a:b' },
      source: { uid: 's-uid', namespace: 'apps', name: 's' },
    });
  }
  expect(users('r/app', secret('old', { r: { username: 'me', password: 'p' } }, 'old'))).toEqual(['me']);
});

test('a secret that is of another type is none for pulling; one that cannot be read is said', () => {
  const opaque: Secret = { ...place('r'), type: 'Opaque' };
  expect(users('r/app', opaque)).toEqual([]);
  const credentials = new RegistryCredentials();
  const broken = secret('broken', { r: { auth: base64('nobody') } });
  expect(() => credentials.addSecret(broken)).toThrow(
    'image pull secret apps/broken cannot be used: unable to parse auth field of r, must be formatted as base64(username:password)',
  );
  expect(() => credentials.addConfig('[]', undefined)).toThrow('its configuration is no JSON object');
});
