import { schemaOf } from '../apply/compare.ts';
import { escapeMarkup } from '../go-text.ts';
import { isMembers } from '../members.ts';
import type { Schema } from '../schema/schema.ts';

/**
 * A patched object as Kubernetes quotes it: JSON whose members are sorted wherever the patch went through them, and elsewhere, where
 * the text is that of the object before, in the order of Go's types. `after` shares with `before` what the patch left alone.
 */
export function patchedJson(schema: Schema, before: unknown, after: unknown): string {
  return escapeMarkup(json(schema, before, after));
}

function json(schema: Schema | undefined, before: unknown, after: unknown): string {
  if (Array.isArray(after)) return arrayJson(schema, before, after);
  if (!isMembers(after)) return JSON.stringify(after) ?? 'null';
  const names = Object.keys(after).filter((name) => after[name] !== undefined);
  const ordered = after === before && schema?.kind === 'struct' ? names.sort(byField(schema.fields)) : names.sort();
  const old = isMembers(before) ? before : {};
  const members = ordered.map(
    (name) => `${JSON.stringify(name)}:${json(memberSchema(schema, name), old[name], after[name])}`,
  );
  return `{${members.join(',')}}`;
}

function arrayJson(schema: Schema | undefined, before: unknown, after: readonly unknown[]): string {
  const items = schema?.kind === 'list' ? schema.items : undefined;
  const old: ReadonlySet<unknown> = new Set(Array.isArray(before) ? before : []);
  return `[${after.map((item) => json(items, old.has(item) ? item : undefined, item)).join(',')}]`;
}

function byField(fields: ReadonlyMap<string, unknown>): (a: string, b: string) => number {
  const names = [...fields.keys()];
  return (a, b) => names.indexOf(a) - names.indexOf(b);
}

function memberSchema(schema: Schema | undefined, name: string): Schema | undefined {
  return schema?.kind === 'struct' || schema?.kind === 'map' ? schemaOf(schema, name) : undefined;
}
