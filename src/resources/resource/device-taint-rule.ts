import { tooMany } from '../../machinery/field-errors.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import { ageSince, formatTime } from '../../machinery/time.ts';
import { validateCsiDriverName } from '../core/pod/validation/volume-sources.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import { keepingMetadata } from '../keep-metadata.ts';
import { deviceTaintRules } from '../schema/resource-types.generated.ts';
import type { DeviceTaintRule, DeviceTaintRuleSpec } from '../schema/resource-v1.generated.ts';
import { shared } from '../shared.ts';
import { validateConditions } from '../validation/conditions.ts';
import { type Found, find } from '../validation/found.ts';
import { validateLabelLikeName, validatePoolName } from './device-names.ts';
import { validateDeviceTaint } from './device-taints.ts';

const mostConditions = 8;

/** A taint of all devices that a driver, a pool or a name selects (KEP-5055). */
export const deviceTaintRuleDefinition = define<DeviceTaintRule>(deviceTaintRules, {
  storage: { keyPrefix: '/registry/devicetaintrules/' },
  setDefaults(rule) {
    rule.status ??= {};
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate(rule, { now }) {
    rule.status = {};
    if (rule.spec.taint !== undefined) rule.spec.taint.timeAdded ??= formatTime(now);
  },
  prepareForUpdate(rule, old, { now }) {
    rule.status = shared(old.status ?? {});
    const { taint } = rule.spec;
    if (taint === undefined) return;
    // The time tells since when the effect holds, unless the client says another.
    const told = taint.timeAdded !== undefined && taint.timeAdded !== old.spec.taint.timeAdded;
    if (taint.timeAdded === undefined || (!told && taint.effect !== old.spec.taint.effect))
      taint.timeAdded = formatTime(now);
  },
  validate: ({ spec }, errors) => find(errors, (found) => validateSpec(spec, found)),
  validateUpdate: ({ spec }, { spec: old }, errors) =>
    find(errors, (found) => validateSpec(spec, found, old.taint.effect)),
  changesGeneration: (rule, old) => !equal(rule.spec, old.spec),
  unconditionalUpdate: false,
  status: keepingMetadata({
    prepareForUpdate(rule, old) {
      rule.spec = shared(old.spec);
    },
    validateUpdate({ status }, _old, errors) {
      const conditions = status?.conditions ?? [];
      validateConditions(conditions, 'status.conditions', errors);
      if (conditions.length > mostConditions)
        errors.push(tooMany('status.conditions', conditions.length, mostConditions));
    },
  }),
  row: ({ metadata, spec: { taint } }, now) => [
    metadata.name ?? '',
    taint.key,
    taint.value ?? '',
    taint.effect,
    taint.timeAdded === undefined ? '' : ageSince(taint.timeAdded, now),
    ageSince(metadata.creationTimestamp, now),
  ],
});

function validateSpec({ deviceSelector = {}, taint }: DeviceTaintRuleSpec, found: Found, oldEffect?: string): void {
  const { driver, pool, device } = deviceSelector;
  const path = 'spec.deviceSelector';
  if (driver !== undefined) validateCsiDriverName(driver, `${path}.driver`, found.now);
  if (pool !== undefined) validatePoolName(pool, `${path}.pool`, found);
  if (device !== undefined) validateLabelLikeName(device, `${path}.device`, found.now);
  validateDeviceTaint(taint, 'spec.taint', found, oldEffect);
}
