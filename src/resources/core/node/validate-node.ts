import type { FieldError } from '../../../machinery/field-error.ts';
import { duplicate, forbidden, invalid, notSupported, required } from '../../../machinery/field-errors.ts';
import { labelValueRule, qualifiedName } from '../../../machinery/names.ts';
import { equal } from '../../equal.ts';
import type { Node, NodeSpec, Taint } from '../../schema/core-v1.generated.ts';
import { applyRule } from '../../validation/apply-rule.ts';
import { parseCidr } from '../../validation/ip-address.ts';

const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** The rules for a node, whoever writes it. */
export function validateNode(node: Node, errors: FieldError[]): void {
  validateTaints(node.spec?.taints ?? [], 'spec.taints', errors);
  const { podCIDRs = [] } = node.spec ?? {};
  podCIDRs.forEach((cidr, index) => {
    if (parseCidr(cidr) === undefined) {
      errors.push(
        invalid(`spec.podCIDRs[${index}]`, cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'),
      );
    }
  });
  if (podCIDRs.length > 2) {
    errors.push(invalid('spec.podCIDRs', podCIDRs, 'may specify no more than one CIDR for each IP family'));
  }
}

/** What an update may change beside metadata: whether pods are taken, taints, and once the range for pods. */
export function validateNodeUpdate(node: Node, old: Node, errors: FieldError[]): void {
  validateNode(node, errors);
  const { spec = {} } = node;
  const { spec: before = {} } = old;
  const addresses = new Set<string>();
  node.status?.addresses?.forEach((address, index) => {
    const key = JSON.stringify(address);
    if (addresses.has(key)) errors.push(duplicate(`status.addresses[${index}]`, address));
    addresses.add(key);
  });
  if ((before.podCIDRs?.length ?? 0) > 0) {
    if (before.podCIDRs?.length !== spec.podCIDRs?.length) {
      errors.push(forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
    } else {
      before.podCIDRs?.forEach((cidr, index) => {
        if (cidr !== spec.podCIDRs?.[index]) {
          errors.push(
            forbidden(`spec.podCIDRs[${index}]`, 'node updates may not change podCIDR except from "" to valid'),
          );
        }
      });
    }
  }
  if ((before.providerID ?? '') !== '' && before.providerID !== spec.providerID) {
    errors.push(forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  }
  if (!equal(fixedPart(spec), fixedPart(before))) {
    errors.push(
      forbidden(
        '',
        'node updates may only change labels, taints, or capacity (or configSource, if the DynamicKubeletConfig feature gate is enabled)',
      ),
    );
  }
}

/** What stays as it was when the node registered. */
function fixedPart(spec: NodeSpec): Partial<NodeSpec> {
  const {
    podCIDR: _range,
    podCIDRs: _ranges,
    providerID: _provider,
    unschedulable: _cordon,
    taints: _taints,
    ...rest
  } = spec;
  return rest;
}

export function validateTaints(taints: readonly Taint[], path: string, errors: FieldError[]): void {
  const seen = new Set<string>();
  taints.forEach((taint, index) => {
    const at = `${path}[${index}]`;
    for (const problem of qualifiedName(taint.key)) errors.push(invalid(`${at}.key`, taint.key, problem));
    applyRule(labelValueRule, taint.value ?? '', `${at}.value`, errors);
    if (taint.effect === '') errors.push(required(`${at}.effect`));
    else if (!taintEffects.includes(taint.effect))
      errors.push(notSupported(`${at}.effect`, taint.effect, taintEffects));
    const key = `${taint.key}:${taint.effect}`;
    if (seen.has(key)) {
      errors.push({ ...duplicate(at, taint), detail: 'taints must be unique by key and effect pair' });
    }
    seen.add(key);
  });
}
