import type { Reader } from '../../client/client.ts';
import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden } from '../../machinery/field-errors.ts';
import { invalidObject } from '../../machinery/status-errors.ts';
import { namespaces, resourceClaims, resourceClaimTemplates } from '../../resources/schema/resource-types.generated.ts';
import type { ResourceClaim, ResourceClaimTemplate } from '../../resources/schema/resource-v1.generated.ts';
import { appliesTo } from './applies-to.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

const label = 'resource.kubernetes.io/admin-access';
const why = `admin access to devices requires the \`${label}: true\` label on the containing namespace`;

/** Devices that are in use by others are given only in namespaces that say so: for those who watch over them (KEP-5018). */
export function deviceAdminAccess(reader: Reader): AdmissionPlugin {
  return {
    name: 'DeviceAdminAccess',
    async validate(attributes: AdmissionAttributes): Promise<void> {
      const error = adminAccessOf(attributes);
      if (error === undefined) return;
      const { metadata } = await reader.get(namespaces, { name: attributes.namespace });
      if (metadata.labels?.[label] !== 'true') throw invalidObject(attributes.type, attributes.name, [error]);
    },
  };
}

/** Where a write is the first to ask for it, or to give it; what is asked for does not change later. */
function adminAccessOf(attributes: AdmissionAttributes): FieldError | undefined {
  const { operation, object, old } = attributes;
  if (operation === 'CREATE' && appliesTo(attributes, resourceClaims)) return asked((object as ResourceClaim).spec);
  if (operation === 'CREATE' && appliesTo(attributes, resourceClaimTemplates))
    return asked((object as ResourceClaimTemplate).spec?.spec);
  if (operation !== 'UPDATE' || !appliesTo(attributes, resourceClaims, 'status')) return undefined;
  return given(old as ResourceClaim) === undefined ? given(object as ResourceClaim) : undefined;
}

function asked(spec: ResourceClaim['spec']): FieldError | undefined {
  const index = (spec?.devices?.requests ?? []).findIndex(({ exactly }) => exactly?.adminAccess === true);
  return index < 0 ? undefined : forbidden(`spec.devices.requests[${index}].adminAccess`, why);
}

function given({ status }: ResourceClaim): FieldError | undefined {
  const results = status?.allocation?.devices?.results ?? [];
  const index = results.findIndex(({ adminAccess }) => adminAccess === true);
  return index < 0 ? undefined : forbidden(`status.allocation.devices.results[${index}].adminAccess`, why);
}
