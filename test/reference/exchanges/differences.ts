/** A place where an answer is not the recorded one; undefined is what is not there. */
export interface Difference {
  readonly path: string;
  readonly reference: unknown;
  readonly ours: unknown;
}

/** Every place where two JSON values differ, as deep as they have the same shape. */
export function differences(reference: unknown, ours: unknown, path = ''): readonly Difference[] {
  if (Object.is(reference, ours)) return [];
  if (!isObject(reference) || !isObject(ours) || Array.isArray(reference) !== Array.isArray(ours))
    return [{ path, reference, ours }];
  const keys = new Set([...Object.keys(reference), ...Object.keys(ours)]);
  return [...keys].flatMap((key) => {
    const place = Array.isArray(reference) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    return differences(reference[key], ours[key], place);
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
