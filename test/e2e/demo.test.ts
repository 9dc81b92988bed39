import { afterAll, beforeAll, describe, inject } from 'vitest';
import { DemoCluster } from './demo-cluster.ts';
import { killTests } from './kill-tests.ts';
import { rollingTests } from './rolling-tests.ts';
import { shopTests } from './shop-tests.ts';

const runnable = inject('missing').length === 0 && inject('kubectl');

/** One cluster for all parts, which build on each other's order: what only looks comes first, what kills comes last. */
describe.skipIf(!runnable)('the demonstration, as its user has it', () => {
  const cluster = new DemoCluster();
  beforeAll(() => cluster.begin(), 600_000);
  afterAll(() => cluster.end(), 200_000);
  shopTests(cluster);
  rollingTests(cluster);
  killTests(cluster);
});
