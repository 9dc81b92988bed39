import { expect, test } from 'vitest';
import { SkewedEnvironment } from '../../machinery/environment/skewed.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';

const hourMs = 3600_000;
const pod = { metadata: { namespace: 'default', name: 'web', uid: 'u' }, spec: { containers: [] } };
const request = { audience: '', expirationSeconds: 3600, path: 'token' };

/** A server whose clock is right, and a node whose clock may not be. */
function world() {
  const time = new VirtualEnvironment(1);
  const environment = new SkewedEnvironment(time);
  let given = 0;
  const createSubresource = async () => {
    const expirationTimestamp = new Date(time.now() + hourMs).toISOString();
    return { status: { token: `token-${++given}`, expirationTimestamp } } as never;
  };
  const tokens = new ServiceAccountTokens({ client: { createSubresource }, environment });
  return { time, environment, tokens };
}

test.each([hourMs, -hourMs, 0])(
  'with a clock that is %d ms ahead a token is used for most of its life, and no longer',
  async (skewMs) => {
    const { time, environment, tokens } = world();
    environment.skewMs = skewMs;
    expect(await tokens.token(pod, request)).toBe('token-1');
    const inMs = tokens.refreshInMs('u') ?? 0;
    expect(inMs).toBeGreaterThan(0.79 * hourMs);
    expect(inMs).toBeLessThanOrEqual(0.8 * hourMs);
    await time.advance(inMs - 1000);
    expect(await tokens.token(pod, request)).toBe('token-1');
    await time.advance(2000);
    expect(await tokens.token(pod, request)).toBe('token-2');
  },
);

test('a clock that is set ahead costs one token, and one that is set back none', async () => {
  const { environment, tokens } = world();
  await tokens.token(pod, request);
  environment.skewMs = hourMs;
  expect(await tokens.token(pod, request)).toBe('token-2');
  expect(await tokens.token(pod, request)).toBe('token-2');
  environment.skewMs = 0;
  expect(await tokens.token(pod, request)).toBe('token-2');
  expect(tokens.refreshInMs('u')).toBeGreaterThan(0);
});
