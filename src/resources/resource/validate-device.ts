import { forbidden, invalid, required, tooLong, tooMany } from '../../machinery/field-errors.ts';
import { byteLength } from '../../machinery/go-text.ts';
import { dnsSubdomain } from '../../machinery/names.ts';
import { validateNodeSelector } from '../core/pod/validation/affinity.ts';
import { equal } from '../equal.ts';
import type { Counter, Device, DeviceAttribute, DeviceCounterConsumption } from '../schema/resource-v1.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import type { Found } from '../validation/found.ts';
import { validateLabelLikeName, validateQualifiedDeviceName } from './device-names.ts';
import { validateBindingConditions, validateDeviceTaint } from './device-taints.ts';
import { validateList, validateSet } from './lists.ts';
import { validateRequestPolicy } from './validate-request-policy.ts';

const mostAttributesAndCapacities = 32;
const mostTaints = 16;
const mostConsumptions = 2;
const mostCounters = 32;
const longestValue = 64;
const number = '(0|[1-9]\\d*)';
const beforeRelease = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)';
const build = '[0-9a-zA-Z-]+';
const semanticVersion = new RegExp(
  `^${number}\\.${number}\\.${number}(-${beforeRelease}(\\.${beforeRelease})*)?(\\+${build}(\\.${build})*)?$`,
);
const valueFields = '`int`, `bool`, `string`, `version`, `ints`, `bools`, `strings`, `versions`';
const perDevice = '`perDeviceNodeSelection` is set to true in the ResourceSlice spec';
const oneOfThree = `exactly one of \`nodeName\`, \`nodeSelector\`, or \`allNodes\` is required when ${perDevice}`;

/** `choosesNodes`: each device of the slice says from which nodes it is reached. */
export function validateDevice(
  device: Device,
  old: Device | undefined,
  path: string,
  found: Found,
  choosesNodes: boolean,
): void {
  const { attributes = {}, capacity = {}, taints, consumesCounters } = device;
  validateLabelLikeName(device.name, `${path}.name`, found.now);
  const count = Object.keys(attributes).length + Object.keys(capacity).length;
  if (count > mostAttributesAndCapacities) {
    const why = `the total number of attributes and capacities must not exceed ${mostAttributesAndCapacities}`;
    found.now.push(invalid(path, count, why));
  }
  for (const [name, attribute] of Object.entries(attributes)) {
    validateQualifiedDeviceName(name, `${path}.attributes`, found);
    validateAttribute(attribute, `${path}.attributes[${name}]`, found);
  }
  if (!equal(capacity, old?.capacity ?? {})) validateCapacities(device, `${path}.capacity`, found);
  if (!equal(taints ?? [], old?.taints ?? []))
    validateList(taints, mostTaints, `${path}.taints`, found, (taint, at) => validateDeviceTaint(taint, at, found));
  const setOf = ({ counterSet }: DeviceCounterConsumption) => counterSet;
  validateSet(consumesCounters, mostConsumptions, `${path}.consumesCounters`, found, setOf, (each, at) => {
    if (!each.counterSet) found.later.push(required(`${at}.counterSet`));
    else validateLabelLikeName(each.counterSet, `${at}.counterSet`, found.later);
    validateCounters(each.counters, `${at}.counters`, found);
  });
  if (choosesNodes) validatePlace(device, path, found);
  else if (device.nodeName !== undefined || device.nodeSelector !== undefined || device.allNodes !== undefined)
    found.now.push(
      invalid(path, null, `\`nodeName\`, \`nodeSelector\` and \`allNodes\` can only be set if ${perDevice}`),
    );
  validateBindingConditions(device, path, found);
}

export function validateCounters(
  counters: Readonly<Record<string, Counter>> | undefined,
  path: string,
  found: Found,
): void {
  const names = Object.keys(counters ?? {});
  if (names.length === 0) found.later.push(required(path));
  else if (names.length > mostCounters) found.now.push(tooMany(path, names.length, mostCounters));
  else for (const name of names) validateLabelLikeName(name, path, found.later);
}

function validateAttribute(attribute: DeviceAttribute, path: string, found: Found): void {
  const { string: text, version, int, bool } = attribute;
  if (text !== undefined && byteLength(text) > longestValue) found.now.push(tooLong(`${path}.string`, longestValue));
  if (version !== undefined) {
    if (!semanticVersion.test(version))
      found.now.push(invalid(`${path}.version`, version, 'must be a string compatible with semver.org spec 2.0.0'));
    if (byteLength(version) > longestValue) found.now.push(tooLong(`${path}.version`, longestValue));
  }
  const set = Object.entries({ int, bool, string: text, version }).filter(([, value]) => value !== undefined);
  if (set.length === 0) found.later.push(invalid(path, '', `must specify one of: ${valueFields}`));
  if (set.length > 1) {
    const names = set.map(([name]) => name).join(', ');
    found.later.push(invalid(path, `{${names}}`, `must specify exactly one of: ${valueFields}`));
  }
}

/** A part of a device that is shared may be asked for in steps; one that is not is given as a whole. */
function validateCapacities({ capacity = {}, allowMultipleAllocations }: Device, path: string, found: Found): void {
  for (const [name, { value, requestPolicy }] of Object.entries(capacity)) {
    validateQualifiedDeviceName(name, path, found);
    if (requestPolicy === undefined) continue;
    const place = `${path}[${name}].requestPolicy`;
    if (allowMultipleAllocations === true) validateRequestPolicy(value, requestPolicy, place, found.now);
    else found.now.push(forbidden(place, 'allowMultipleAllocations must be true'));
  }
}

function validatePlace({ nodeName, nodeSelector, allNodes }: Device, path: string, found: Found): void {
  const said: string[] = [];
  if (nodeName === '') found.now.push(invalid(`${path}.nodeName`, '', 'must not be empty'));
  else if (nodeName !== undefined) {
    said.push('`nodeName`');
    applyRule(dnsSubdomain, nodeName, `${path}.nodeName`, found.now);
  }
  if (nodeSelector !== undefined) {
    said.push('`nodeSelector`');
    validateNodeSelector(nodeSelector, `${path}.nodeSelector`, found.now);
  }
  if (allNodes === true) said.push('`allNodes`');
  if (allNodes === false) found.now.push(invalid(`${path}.allNodes`, false, 'must be either unset or set to true'));
  if (said.length === 0) found.now.push(required(path, oneOfThree));
  if (said.length > 1) found.now.push(invalid(path, `{${said.join(', ')}}`, oneOfThree));
}
