/** The paths of a JSON value with the types of what is there: `pods[].cpu.time string`. */
export function jsonShape(value: unknown): readonly string[] {
  const found = new Set<string>();
  const walk = (path: string, part: unknown): void => {
    if (Array.isArray(part)) for (const item of part) walk(`${path}[]`, item);
    else if (typeof part === 'object' && part !== null)
      for (const [key, member] of Object.entries(part)) walk(path === '' ? key : `${path}.${key}`, member);
    else found.add(`${path} ${part === null ? 'null' : typeof part}`);
  };
  walk('', value);
  return [...found].sort();
}
