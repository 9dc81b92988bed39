import { expect, test } from 'vitest';
import { defaultConfig } from '../config.ts';
import { nodeConfiguration } from './node-configuration.ts';

test('tells of thresholds and times as a configuration writes them', () => {
  const eviction = {
    ...defaultConfig.eviction,
    soft: { 'memory.available': '1Gi' },
    softGracePeriodMs: { 'memory.available': 90_000 },
  };
  expect(nodeConfiguration({ ...defaultConfig, eviction })).toMatchObject({
    kubeletconfig: {
      authentication: { webhook: { cacheTTL: '2m0s' } },
      authorization: { webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
      evictionSoft: { 'memory.available': '1Gi' },
      evictionSoftGracePeriod: { 'memory.available': '1m30s' },
    },
  });
});
