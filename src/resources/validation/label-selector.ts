import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid, required } from '../../machinery/field-errors.ts';
import { labelValueRule, qualifiedName } from '../../machinery/names.ts';
import { validateLabels } from '../../machinery/object-meta.ts';
import type { LabelSelector, LabelSelectorRequirement } from '../schema/meta-v1.generated.ts';
import { applyRule } from './apply-rule.ts';

export function validateLabelSelector(selector: LabelSelector | undefined, path: string, errors: FieldError[]): void {
  if (selector === undefined) return;
  if (selector.matchLabels !== undefined) errors.push(...validateLabels(selector.matchLabels, `${path}.matchLabels`));
  selector.matchExpressions?.forEach((requirement, index) => {
    validateRequirement(requirement, `${path}.matchExpressions[${index}]`, errors);
  });
}

function validateRequirement(requirement: LabelSelectorRequirement, path: string, errors: FieldError[]): void {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        errors.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    default:
      errors.push(invalid(`${path}.operator`, requirement.operator, 'not a valid selector operator'));
  }
  applyRule(qualifiedName, requirement.key, `${path}.key`, errors);
  values.forEach((value, index) => {
    applyRule(labelValueRule, value, `${path}.values[${index}]`, errors);
  });
}
