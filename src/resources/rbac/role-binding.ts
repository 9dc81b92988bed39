import { pathSegmentName } from '../../machinery/names.ts';
import { define } from '../define.ts';
import type { RoleBinding } from '../schema/rbac-v1.generated.ts';
import { roleBindings } from '../schema/resource-types.generated.ts';
import { bindingRow, setBindingDefaults, validateBinding, validateRoleRefUnchanged } from './binding-rules.ts';

const roleKinds = ['Role', 'ClusterRole'];

export const roleBindingDefinition = define<RoleBinding>(roleBindings, {
  storage: { keyPrefix: '/registry/rolebindings/' },
  setDefaults: setBindingDefaults,
  validateName: pathSegmentName,
  validate: (binding, errors) => validateBinding(binding, roleKinds, true, errors),
  validateUpdate(binding, old, errors) {
    validateBinding(binding, roleKinds, true, errors);
    validateRoleRefUnchanged(binding, old, errors);
  },
  createOnUpdate: true,
  row: bindingRow,
});
