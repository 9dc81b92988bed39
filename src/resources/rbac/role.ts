import { pathSegmentName } from '../../machinery/names.ts';
import { define } from '../define.ts';
import type { Role } from '../schema/rbac-v1.generated.ts';
import { roles } from '../schema/resource-types.generated.ts';
import { validatePolicyRules, validateVerbs } from './policy-rules.ts';

export const roleDefinition = define<Role>(roles, {
  storage: { keyPrefix: '/registry/roles/' },
  validateName: pathSegmentName,
  validate({ rules }, errors) {
    validatePolicyRules(rules ?? [], true, errors);
    validateVerbs(rules ?? [], errors);
  },
  createOnUpdate: true,
  row: ({ metadata }) => [metadata.name ?? '', metadata.creationTimestamp ?? ''],
});
