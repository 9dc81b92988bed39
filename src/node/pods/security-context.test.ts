import { expect, test } from 'vitest';
import type { PodSpec } from '../../resources/schema/core-v1.generated.ts';
import { sandboxSecurity } from './security-context.ts';

const containers = [{ name: 'main' }];

test.each<[what: string, spec: PodSpec, type: string]>([
  [
    'of a pod that cannot see it',
    { containers, securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
    'Unconfined',
  ],
  ['of a pod that shares its processes', { containers, shareProcessNamespace: true }, 'RuntimeDefault'],
  ["of a pod that sees the machine's processes", { containers, hostPID: true }, 'RuntimeDefault'],
])('the sandbox %s', (_, spec, type) => {
  expect(sandboxSecurity({ metadata: {}, spec }).seccomp.type).toBe(type);
});
