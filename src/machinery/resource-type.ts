import type { KubeObject } from './object.ts';

/**
 * The coordinates of a resource, and at the type level the TypeScript type of its objects:
 * `client.get(pods, ...)` gives a `Pod`. The built-in ones are generated in `resources/schema/resource-types.generated.ts`.
 */
export interface ResourceType<T = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural, lower case: `pods`. */
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never present at run time; carries T. */
  readonly objectType?: T;
}

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf(type: { readonly group: string; readonly version: string }): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}

/** `deployments.apps`, or `pods` for the core group: how messages name a resource. */
export function groupResource(type: { readonly group: string; readonly resource: string }): string {
  return type.group === '' ? type.resource : `${type.resource}.${type.group}`;
}

/** Splits `apps/v1` into group and version; the core group is the empty string. */
export function parseApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}
