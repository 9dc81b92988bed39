import { duplicate, invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { labelValueRule } from '../../machinery/names.ts';
import { validateLabelName } from '../../machinery/object-meta.ts';
import type { DeviceTaint, DeviceToleration } from '../schema/resource-v1.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import type { Found } from '../validation/found.ts';
import { validateList } from './lists.ts';

const effects: ReadonlySet<string> = new Set(['NoExecute', 'NoSchedule', 'None']);
const operators = ['Equal', 'Exists'];
const mostConditions = 4;

/** `oldEffect`: one that was there before may stay. */
export function validateDeviceTaint(taint: DeviceTaint, path: string, found: Found, oldEffect?: string): void {
  found.now.push(...validateLabelName(taint.key, `${path}.key`));
  if (taint.value) applyRule(labelValueRule, taint.value, `${path}.value`, found.now);
  if (taint.effect === oldEffect) return;
  if (!taint.effect) found.later.push(required(`${path}.effect`));
  else if (!effects.has(taint.effect)) found.later.push(notSupported(`${path}.effect`, taint.effect, effects));
}

export function validateDeviceToleration(toleration: DeviceToleration, path: string, found: Found): void {
  const { key, operator, value = '', effect } = toleration;
  if (key) found.later.push(...validateLabelName(key, `${path}.key`));
  if (operator === 'Exists') {
    if (value !== '') found.now.push(invalid(`${path}.value`, value, 'must be empty for operator `Exists`'));
  } else if (operator === 'Equal') applyRule(labelValueRule, value, `${path}.value`, found.now);
  else if (!operator) found.later.push(required(`${path}.operator`));
  else found.later.push(notSupported(`${path}.operator`, operator, operators));
  if (effect && !effects.has(effect)) found.later.push(notSupported(`${path}.effect`, effect, effects));
}

/** Conditions that must hold before a pod is bound, and those that end the attempt: both or neither. */
export function validateBindingConditions(
  holder: {
    readonly bindingConditions?: readonly string[] | undefined;
    readonly bindingFailureConditions?: readonly string[] | undefined;
  },
  path: string,
  found: Found,
): void {
  const { bindingConditions: wanted = [], bindingFailureConditions: failed = [] } = holder;
  const [wantedPath, failedPath] = [`${path}.bindingConditions`, `${path}.bindingFailureConditions`];
  const name = (condition: string, at: string) => found.now.push(...validateLabelName(condition, at));
  validateList(wanted, mostConditions, wantedPath, found, name);
  validateList(failed, mostConditions, failedPath, found, name);
  for (const [index, each] of wanted.entries())
    if (wanted.indexOf(each) < index) found.now.push(duplicate(`${wantedPath}[${index}]`, each));
  for (const [index, each] of failed.entries()) {
    if (failed.indexOf(each) < index) found.now.push(duplicate(`${failedPath}[${index}]`, each));
    if (wanted.includes(each))
      found.now.push(
        invalid(`${failedPath}[${index}]`, each, 'bindingFailureConditions must not overlap with bindingConditions'),
      );
  }
  if (wanted.length === 0 && failed.length > 0)
    found.now.push(
      invalid(wantedPath, holder.bindingConditions, 'bindingConditions are required to use bindingFailureConditions'),
    );
  if (failed.length === 0 && wanted.length > 0)
    found.now.push(
      invalid(
        failedPath,
        holder.bindingFailureConditions,
        'bindingFailureConditions are required to use bindingConditions',
      ),
    );
}
