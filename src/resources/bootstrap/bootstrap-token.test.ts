import { expect, test } from 'vitest';
import { parseBootstrapToken, tokenGroups, tokenIdOfSecretName, tokenRemainingMs } from './bootstrap-token.ts';

const secretOf = (data: Readonly<Record<string, string>>) => ({
  metadata: {},
  data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, btoa(text)])),
});
const now = Date.parse('2026-01-01T00:00:00Z');

test.each([
  ['abcdef.0123456789abcdef', { id: 'abcdef', secret: '0123456789abcdef' }],
  ['abcde.0123456789abcdef', undefined],
  ['abcdef.0123456789abcde', undefined],
  ['ABCDEF.0123456789abcdef', undefined],
  ['abcdef.0123456789abcdef\n', undefined],
  ['', undefined],
])('%j is the token %j', (text, token) => {
  expect(parseBootstrapToken(text)).toEqual(token);
});

test.each([
  ['bootstrap-token-abcdef', 'abcdef'],
  ['bootstrap-token-abcdefg', undefined],
  ['token-abcdef', undefined],
])('the name %s is that of token %s', (name, id) => {
  expect(tokenIdOfSecretName(name)).toBe(id);
});

test.each([
  [{}, undefined],
  [{ expiration: '2026-01-01T00:00:10Z' }, 10_000],
  [{ expiration: '2026-01-01T01:00:10+01:00' }, 10_000],
  [{ expiration: '2025-12-31T23:59:59Z' }, 0],
  [{ expiration: '2026-01-01T00:00:00Z' }, 0],
  [{ expiration: 'tomorrow' }, 0],
  [{ expiration: '2027' }, 0],
])('a token of %j has %s ms left', (data, left) => {
  expect(tokenRemainingMs(secretOf(data), now)).toBe(left);
});

test.each([
  ['', ['system:bootstrappers']],
  [
    'system:bootstrappers:b,system:bootstrappers:a',
    ['system:bootstrappers', 'system:bootstrappers:a', 'system:bootstrappers:b'],
  ],
  ['system:masters', undefined],
  ['system:bootstrappers:', undefined],
  ['system:bootstrappers:A', undefined],
])('extra groups %j make the groups %j', (extra, groups) => {
  expect(tokenGroups(secretOf({ 'auth-extra-groups': extra }))).toEqual(groups);
});
