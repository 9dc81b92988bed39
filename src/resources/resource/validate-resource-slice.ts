import { duplicate, invalid, required, tooMany } from '../../machinery/field-errors.ts';
import { dnsSubdomain } from '../../machinery/names.ts';
import { validateNodeSelector } from '../core/pod/validation/affinity.ts';
import { validateCsiDriverName } from '../core/pod/validation/volume-sources.ts';
import type { NodeSelector } from '../schema/core-v1.generated.ts';
import type { CounterSet, ResourcePool, ResourceSliceSpec } from '../schema/resource-v1.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import type { Found } from '../validation/found.ts';
import { goValue } from '../validation/go-value.ts';
import { validateImmutable } from '../validation/immutable.ts';
import { validateLabelLikeName, validatePoolName } from './device-names.ts';
import { validateSet } from './lists.ts';
import { validateCounters, validateDevice } from './validate-device.ts';

const mostDevices = 128;
const mostTaintedDevices = 64;
const mostCounterSets = 8;
const onlyTrue = 'must be either unset or set to true';
const oneOfFour = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';

export function validateResourceSlice(spec: ResourceSliceSpec, old: ResourceSliceSpec | undefined, found: Found): void {
  validateCsiDriverName(spec.driver, 'spec.driver', found.now);
  validatePool(spec.pool, found);
  if (old !== undefined) {
    validateImmutable(spec.pool.name, old.pool.name, 'spec.pool.name', found.now);
    validateImmutable(spec.driver, old.driver, 'spec.driver', found.now);
    validateImmutable(spec.nodeName, old.nodeName, 'spec.nodeName', found.now);
  }
  validatePlace(spec, found);
  const { devices, sharedCounters } = spec;
  if (devices !== undefined && sharedCounters !== undefined)
    found.now.push(invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed'));
  const advanced = (devices ?? []).some(
    ({ taints = [], consumesCounters = [] }) => taints.length + consumesCounters.length > 0,
  );
  validateDevices(spec, old, advanced ? mostTaintedDevices : mostDevices, found);
  validateSet(
    sharedCounters,
    mostCounterSets,
    'spec.sharedCounters',
    found,
    ({ name }) => name,
    (set, at) => validateCounterSet(set, at, found),
  );
}

/** No rule is declared for this list, so it is checked apart. */
function validateDevices(
  spec: ResourceSliceSpec,
  old: ResourceSliceSpec | undefined,
  most: number,
  found: Found,
): void {
  const { devices = [], perDeviceNodeSelection = false } = spec;
  const path = 'spec.devices';
  if (devices.length > most) {
    found.now.push(tooMany(path, devices.length, most));
    return;
  }
  const before = new Map((old?.devices ?? []).map((device) => [device.name, device]));
  for (const [index, device] of devices.entries())
    validateDevice(device, before.get(device.name), `${path}[${index}]`, found, perDeviceNodeSelection);
  const seen = new Set<string>();
  for (const [index, { name }] of devices.entries()) {
    if (seen.has(name)) found.now.push(duplicate(`${path}[${index}]`, name));
    seen.add(name);
  }
}

function validatePool({ name, resourceSliceCount, generation }: ResourcePool, found: Found): void {
  validatePoolName(name, 'spec.pool.name', found);
  if (resourceSliceCount <= 0)
    found.now.push(invalid('spec.pool.resourceSliceCount', resourceSliceCount, 'must be greater than zero'));
  if (generation < 0)
    found.now.push(invalid('spec.pool.generation', generation, 'must be greater than or equal to zero'));
}

/** From which nodes the devices are reached: said in exactly one way. */
function validatePlace(spec: ResourceSliceSpec, found: Found): void {
  const { nodeName, nodeSelector, allNodes, perDeviceNodeSelection } = spec;
  const said: string[] = [];
  if (nodeName === '')
    found.now.push(invalid('spec.nodeName', '', 'must be either unset or set to a non-empty string'));
  else if (nodeName !== undefined) {
    said.push('`nodeName`');
    applyRule(dnsSubdomain, nodeName, 'spec.nodeName', found.now);
  }
  if (nodeSelector !== undefined) {
    said.push('`nodeSelector`');
    validateOneTerm(nodeSelector, found);
  }
  if (allNodes === true) said.push('`allNodes`');
  if (allNodes === false) found.now.push(invalid('spec.allNodes', false, onlyTrue));
  if (perDeviceNodeSelection === true) said.push('`perDeviceNodeSelection`');
  if (perDeviceNodeSelection === false) found.now.push(invalid('spec.perDeviceNodeSelection', false, onlyTrue));
  if (said.length === 0) found.now.push(required('spec', oneOfFour));
  if (said.length > 1)
    found.now.push(invalid('spec', `{${said.join(', ')}}`, `${oneOfFour}, but multiple fields are set`));
}

function validateOneTerm(selector: NodeSelector, found: Found): void {
  validateNodeSelector(selector, 'spec.nodeSelector', found.now);
  const terms = selector.nodeSelectorTerms ?? [];
  if (terms.length === 1) return;
  const shown = terms.map((term) => goValue(term, 'core.v1.NodeSelectorTerm'));
  found.now.push(invalid('spec.nodeSelector.nodeSelectorTerms', shown, 'must have exactly one node selector term'));
}

function validateCounterSet({ name, counters }: CounterSet, path: string, found: Found): void {
  if (!name) found.later.push(required(`${path}.name`));
  else validateLabelLikeName(name, `${path}.name`, found.later);
  validateCounters(counters, `${path}.counters`, found);
}
