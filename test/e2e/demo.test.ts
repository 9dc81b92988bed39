import { afterAll, beforeAll, describe, inject } from 'vitest';
import { DemoCluster } from './demo-cluster.ts';
import { shopTests } from './shop-tests.ts';

const runnable = inject('missing').length === 0 && inject('kubectl');

describe.skipIf(!runnable)('the demonstration, as its user has it', () => {
  const cluster = new DemoCluster();
  beforeAll(() => cluster.begin(), 600_000);
  afterAll(() => cluster.end(), 200_000);
  shopTests(cluster);
});
