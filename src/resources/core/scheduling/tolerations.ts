import type { Taint, Toleration } from '../../schema/core-v1.generated.ts';

/** Whether one toleration covers a taint: an empty key with Exists covers all, an empty effect every effect. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', operator = 'Equal', value = '', effect = '' } = toleration;
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  switch (operator) {
    case 'Exists':
      return true;
    case '':
    case 'Equal':
      return key !== '' && value === (taint.value ?? '');
    case 'Lt':
      return integer(taint.value) < integer(value);
    case 'Gt':
      return integer(taint.value) > integer(value);
    default:
      return false;
  }
}

/** The first taint with one of the effects that no toleration covers. */
export function untoleratedTaint(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint | undefined {
  return taints?.find(
    (taint) => effects.includes(taint.effect) && !tolerations?.some((toleration) => tolerates(toleration, taint)),
  );
}

/** NaN compares as neither less nor greater, so a value that is no integer is not tolerated. */
function integer(text: string | undefined): number {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
}
