import { expect, test } from 'vitest';
import type { FieldError } from '../../../machinery/field-error.ts';
import { formatFieldErrors } from '../../../machinery/field-errors.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../schema/core-v1.generated.ts';
import { validateClaimUpdate } from './validate-claim-update.ts';

const unchangeable =
  'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n';

const bound: PersistentVolumeClaim = {
  metadata: { name: 'c' },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '2Gi' } },
    storageClassName: 'none-such',
    volumeMode: 'Filesystem',
  },
  status: { phase: 'Bound', capacity: { storage: '1Gi' } },
};

function refusal(change: PersistentVolumeClaimSpec): string {
  const errors: FieldError[] = [];
  validateClaimUpdate({ ...bound, spec: { ...bound.spec, ...change } }, bound, errors);
  return errors.length === 0 ? '' : formatFieldErrors(errors);
}

// What a real 1.37.1 answered for a bound claim of 2Gi whose volume has 1Gi.
test.each<[PersistentVolumeClaimSpec, string]>([
  [{ resources: { requests: { storage: '3Gi' } } }, ''],
  [{ resources: { requests: { storage: '1536Mi' } } }, ''],
  [
    { resources: { requests: { storage: '1Gi' } } },
    'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
  ],
  [
    { resources: { requests: { storage: '500Mi' } } },
    'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
  ],
  [{ volumeAttributesClassName: 'x' }, ''],
  [
    { resources: { requests: { storage: '3Gi', cpu: '1' } } },
    `${unchangeable}@@ -6,6 +6,7 @@
  "Resources": {
   "Limits": null,
   "Requests": {
+   "cpu": "1",
    "storage": "2Gi"
   }
  },
`,
  ],
])('%j', (change, message) => {
  expect(refusal(change)).toBe(message);
});
