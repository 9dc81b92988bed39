import { pathSegmentName } from '../../machinery/names.ts';
import { define } from '../define.ts';
import type { ClusterRoleBinding } from '../schema/rbac-v1.generated.ts';
import { clusterRoleBindings } from '../schema/resource-types.generated.ts';
import { bindingRow, setBindingDefaults, validateBinding, validateRoleRefUnchanged } from './binding-rules.ts';

const roleKinds = ['ClusterRole'];

export const clusterRoleBindingDefinition = define<ClusterRoleBinding>(clusterRoleBindings, {
  storage: { keyPrefix: '/registry/clusterrolebindings/' },
  setDefaults: setBindingDefaults,
  validateName: pathSegmentName,
  validate: (binding, errors) => validateBinding(binding, roleKinds, false, errors),
  validateUpdate(binding, old, errors) {
    validateBinding(binding, roleKinds, false, errors);
    validateRoleRefUnchanged(binding, old, errors);
  },
  createOnUpdate: true,
  row: bindingRow,
});
