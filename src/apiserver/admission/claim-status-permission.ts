import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden } from '../../machinery/field-errors.ts';
import { forbiddenByAuthorizer, invalidObject } from '../../machinery/status-errors.ts';
import { deviceKey } from '../../resources/resource/validate-claim-status.ts';
import { resourceClaims } from '../../resources/schema/resource-types.generated.ts';
import type { AllocationResult, ResourceClaim } from '../../resources/schema/resource-v1.generated.ts';
import type { Authorizer, ResourceRequestInfo, UserInfo } from '../request.ts';
import { appliesTo } from './applies-to.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';
import { sameValue } from './same-value.ts';

const nodeNameKey = 'authentication.kubernetes.io/node-name';

/**
 * Who gives devices out needs a permission of its own for that, and who tells of a driver's devices one for the driver: they are asked for
 * as subresources that are served nowhere (KEP-4817). Drivers on the node for which a claim was given out may have it for that node alone.
 */
export function claimStatusPermission(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'ClaimStatusPermission',
    validate(attributes) {
      if (attributes.operation !== 'UPDATE' || !appliesTo(attributes, resourceClaims, 'status')) return;
      const errors = [...bindingErrors(attributes, authorizer), ...driverErrors(attributes, authorizer)];
      if (errors.length > 0) throw invalidObject(attributes.type, attributes.name, errors);
    },
  };
}

function bindingErrors(attributes: AdmissionAttributes, authorizer: Authorizer): readonly FieldError[] {
  const { status = {} } = attributes.object as ResourceClaim;
  const { status: old = {} } = attributes.old as ResourceClaim;
  const isSame =
    sameValue(status.allocation ?? null, old.allocation ?? null) &&
    sameValue(status.reservedFor ?? [], old.reservedFor ?? []);
  if (isSame) return [];
  const { verb } = attributes;
  const problem = refusal(attributes, authorizer, { verb, subresource: 'binding', namespace: '', name: '' });
  if (problem === undefined) return [];
  const needed = `resource="resourceclaims/binding", verb="${verb}"`;
  const why = `changing status.allocation or status.reservedFor requires ${needed} permission: ${problem}`;
  return [forbidden('status.allocation', why)];
}

function driverErrors(attributes: AdmissionAttributes, authorizer: Authorizer): readonly FieldError[] {
  const { status } = attributes.object as ResourceClaim;
  // What is said of devices goes with them, whoever takes them back.
  if (status?.allocation === undefined) return [];
  const { user, namespace } = attributes;
  const anywhere = `arbitrary-node:${attributes.verb}`;
  const there = `associated-node:${attributes.verb}`;
  const verbs = isOnNode(user, nodeOf(status.allocation)) ? [there, anywhere] : [anywhere];
  return changedDrivers(attributes.object as ResourceClaim, attributes.old as ResourceClaim).flatMap((name) => {
    const problems = verbs.map((verb) =>
      refusal(attributes, authorizer, { verb, subresource: 'driver', namespace, name }),
    );
    if (problems.includes(undefined)) return [];
    const needed = `resource="resourceclaims/driver", verb="[${verbs.join(' ')}]"`;
    return [forbidden('status.devices', `changing status.devices requires ${needed} permission: ${problems[0]}`)];
  });
}

/** Undefined: it is allowed. */
function refusal(
  { user, type }: AdmissionAttributes,
  authorizer: Authorizer,
  asked: Pick<ResourceRequestInfo, 'verb' | 'subresource' | 'namespace' | 'name'>,
): string | undefined {
  const { group, version, resource } = type;
  const info: ResourceRequestInfo = {
    isResource: true,
    path: '',
    group,
    version,
    resource,
    fieldSelector: '',
    labelSelector: '',
    ...asked,
  };
  const { decision, reason } = authorizer.authorize(user, info);
  return decision === 'allow' ? undefined : forbiddenByAuthorizer(user.username, info, reason).message;
}

/** Those of whose devices something else is said than before, by name. */
function changedDrivers({ status }: ResourceClaim, { status: before }: ResourceClaim): readonly string[] {
  const old = new Map((before?.devices ?? []).map((device) => [deviceKey(device), device]));
  const drivers = new Set<string>();
  for (const device of status?.devices ?? []) {
    if (!sameValue(device, old.get(deviceKey(device)))) drivers.add(device.driver);
    old.delete(deviceKey(device));
  }
  for (const { driver } of old.values()) drivers.add(driver);
  return [...drivers].sort();
}

/** The node that devices were given out on; undefined where that is not one by its name. */
function nodeOf({ nodeSelector }: AllocationResult): string | undefined {
  const [term, ...terms] = nodeSelector?.nodeSelectorTerms ?? [];
  const [field, ...fields] = term?.matchFields ?? [];
  if (term === undefined || field === undefined || terms.length + fields.length > 0) return undefined;
  const { key, operator, values = [] } = field;
  if ((term.matchExpressions ?? []).length > 0 || key !== 'metadata.name' || operator !== 'In') return undefined;
  return values.length === 1 ? values[0] : undefined;
}

/** Whether a pod on this node speaks, by the token of its ServiceAccount. */
function isOnNode({ username, extra }: UserInfo, node: string | undefined): boolean {
  const nodes = extra[nodeNameKey] ?? [];
  return node !== undefined && username.startsWith('system:serviceaccount:') && nodes.length === 1 && nodes[0] === node;
}
