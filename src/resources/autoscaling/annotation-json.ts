import { isMembers, type Members, ownMember } from '../../machinery/members.ts';
import { normalise } from '../../machinery/schema/normalise.ts';
import { builtInSchema } from '../schema/schema-table.ts';

/** What an annotation holds as JSON; undefined when it is none. */
export function parsedJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** By the name in any case, as Go reads JSON; null is as good as absent. */
export function member(object: Members, name: string): unknown {
  const exact = ownMember(object, name);
  if (exact !== undefined) return exact ?? undefined;
  const lower = name.toLowerCase();
  const other = Object.keys(object).find((key) => key.toLowerCase() === lower);
  return (other === undefined ? undefined : ownMember(object, other)) ?? undefined;
}

export function membersOf(value: unknown): Members {
  return isMembers(value) ? value : {};
}

/** Without what is undefined. */
export function present(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** As much of it as fits the type. */
export function fitted<T>(typeName: string, value: Members): T {
  return normalise(builtInSchema(typeName), value).value as T;
}
