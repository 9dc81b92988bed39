import type { FieldError } from '../../../../machinery/field-error.ts';
import { invalid, notSupported, required } from '../../../../machinery/field-errors.ts';
import { labelValueRule, qualifiedName } from '../../../../machinery/names.ts';
import type { Toleration } from '../../../schema/core-v1.generated.ts';
import { applyRule } from '../../../validation/apply-rule.ts';

const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateTolerations(tolerations: readonly Toleration[], path: string, errors: FieldError[]): void {
  for (const [index, toleration] of tolerations.entries()) validateToleration(toleration, `${path}[${index}]`, errors);
}

function validateToleration(toleration: Toleration, path: string, errors: FieldError[]): void {
  const { key = '', operator = '', effect = '', tolerationSeconds } = toleration;
  if (key !== '') applyRule(qualifiedName, key, `${path}.key`, errors);
  else if (operator !== 'Exists') {
    const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.push(invalid(`${path}.operator`, operator, detail));
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute')
    errors.push(invalid(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
  validateOperator(toleration, `${path}.operator`, errors);
  if (effect !== '') validateTaintEffect(effect, `${path}.effect`, errors);
}

function validateOperator({ operator = '', value = '' }: Toleration, path: string, errors: FieldError[]): void {
  switch (operator) {
    case 'Equal':
    case '':
      if (labelValueRule(value).length > 0) errors.push(invalid(path, value, labelValueRule(value).join(';')));
      break;
    case 'Exists':
      if (value !== '') errors.push(invalid(path, value, "value must be empty when `operator` is 'Exists'"));
      break;
    case 'Gt':
    case 'Lt':
      // Comparing tolerations are behind a gate, and the message names them all the same.
      errors.push(notSupported(path, operator, ['Equal', 'Exists', 'Lt', 'Gt']));
      break;
    default:
      errors.push(notSupported(path, operator, ['Equal', 'Exists']));
  }
}

export function validateTaintEffect(effect: string, path: string, errors: FieldError[]): void {
  if (effect === '') errors.push(required(path));
  else if (!taintEffects.includes(effect)) errors.push(notSupported(path, effect, taintEffects));
}
