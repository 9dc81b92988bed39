import { schemaOf } from '../apply/compare.ts';
import { escapeMarkup } from '../go-text.ts';
import { jsonEqual } from '../json-equal.ts';
import { isMembers } from '../members.ts';
import type { Schema } from '../schema/schema.ts';

/**
 * A patched object as Kubernetes quotes it: JSON whose members are sorted wherever the patch went through them, and elsewhere, where
 * the text is that of the object before, in the order of Go's types.
 */
export function patchedJson(schema: Schema, before: unknown, after: unknown): string {
  return escapeMarkup(json(schema, before, after));
}

function json(schema: Schema | undefined, before: unknown, after: unknown): string {
  if (Array.isArray(after)) return arrayJson(schema, before, after);
  if (!isMembers(after)) return JSON.stringify(after) ?? 'null';
  const names = Object.keys(after).filter((name) => after[name] !== undefined);
  const ordered =
    schema?.kind === 'struct' && jsonEqual(after, before) ? names.sort(byField(schema.fields)) : names.sort();
  const old = isMembers(before) ? before : {};
  const members = ordered.map(
    (name) => `${JSON.stringify(name)}:${json(memberSchema(schema, name), old[name], after[name])}`,
  );
  return `{${members.join(',')}}`;
}

function arrayJson(schema: Schema | undefined, before: unknown, after: readonly unknown[]): string {
  const items = schema?.kind === 'list' ? schema.items : undefined;
  const old: readonly unknown[] = Array.isArray(before) ? before : [];
  const untouched = (item: unknown) => old.find((each) => jsonEqual(each, item));
  return `[${after.map((item) => json(items, untouched(item), item)).join(',')}]`;
}

function byField(fields: ReadonlyMap<string, unknown>): (a: string, b: string) => number {
  const names = [...fields.keys()];
  return (a, b) => names.indexOf(a) - names.indexOf(b);
}

function memberSchema(schema: Schema | undefined, name: string): Schema | undefined {
  return schema?.kind === 'struct' || schema?.kind === 'map' ? schemaOf(schema, name) : undefined;
}
