import { afterAll, beforeAll, describe, inject } from 'vitest';
import { cutOffTests } from './cut-off-tests.ts';
import { fullDiskTests } from './full-disk-tests.ts';
import { hangingRuntimeTests } from './hanging-runtime-tests.ts';
import { powerLossTests } from './power-loss-tests.ts';
import { TroubledCluster } from './troubled-cluster.ts';

describe.skipIf(inject('missing').length > 0)('nodes that fail', () => {
  const trouble = new TroubledCluster();
  beforeAll(() => trouble.begin());
  afterAll(() => trouble.end());

  cutOffTests(trouble);
  // What happens to one node is not felt on another.
  describe('at the same time', { concurrent: true }, () => {
    hangingRuntimeTests(trouble);
    describe('one after the other', () => {
      fullDiskTests(trouble);
      powerLossTests(trouble);
    });
  });
});
