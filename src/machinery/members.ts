/** A JSON object. Its keys may be any text, so look them up with `Object.hasOwn` where they come from outside. */
export type Members = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object, neither null nor a list. */
export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets a member even when it is called `__proto__`, which an assignment would take for something else. */
export function setMember(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  else target[key] = value;
}

/** A member that the object itself has; undefined for what it merely inherits. */
export function ownMember(object: Members, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
