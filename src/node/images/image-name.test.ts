import { expect, test } from 'vitest';
import { parseImageName, withDefaultTag, withoutTag } from './image-name.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

test.each([
  ['nginx', 'docker.io/library/nginx', undefined, undefined],
  ['nginx:1.27', 'docker.io/library/nginx', '1.27', undefined],
  ['bitnami/redis', 'docker.io/bitnami/redis', undefined, undefined],
  ['localhost/app:dev', 'localhost/app', 'dev', undefined],
  ['localhost:5000/app', 'localhost:5000/app', undefined, undefined],
  ['registry.example.com:443/a/b-c/d__e:v1.0_x', 'registry.example.com:443/a/b-c/d__e', 'v1.0_x', undefined],
  [`ghcr.io/a/b@${digest}`, 'ghcr.io/a/b', undefined, digest],
  [`ghcr.io/a/b:1@${digest}`, 'ghcr.io/a/b', '1', digest],
  ['index.docker.io/nginx', 'docker.io/library/nginx', undefined, undefined],
])('reads %s', (image, repository, tag, expectedDigest) => {
  expect(parseImageName(image)).toEqual({ repository, tag, digest: expectedDigest });
});

test.each([
  ['', 'invalid reference format'],
  ['nginx:', 'invalid reference format'],
  ['nginx:la test', 'invalid reference format'],
  ['-nginx', 'invalid reference format'],
  ['a//b', 'invalid reference format'],
  ['a@sha256:12', 'invalid reference format'],
  ['ab'.repeat(32), 'invalid reference format'],
  ['Nginx', 'invalid reference format: repository name (library/Nginx) must be lowercase'],
  [`example.com/${'a'.repeat(250)}`, 'repository name must not be more than 255 characters'],
])('refuses %s', (image, words) => {
  expect(() => parseImageName(image)).toThrow(`couldn't parse image name "${image}": ${words}`);
});

test('adds latest only where nothing says which', () => {
  expect(withDefaultTag('nginx')).toBe('nginx:latest');
  expect(withDefaultTag('localhost:5000/app')).toBe('localhost:5000/app:latest');
  expect(withDefaultTag('nginx:1')).toBe('nginx:1');
  expect(withDefaultTag(`nginx@${digest}`)).toBe(`nginx@${digest}`);
});

test('without tag and digest a name is as it was written', () => {
  expect(withoutTag('nginx')).toBe('nginx');
  expect(withoutTag('localhost:5000/app:1')).toBe('localhost:5000/app');
  expect(withoutTag(`a/b:1@${digest}`)).toBe('a/b');
});
