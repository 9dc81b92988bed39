import { readFileSync } from 'node:fs';

/** A row of `facts/types.json`. */
export interface TypeFact {
  readonly name: string;
  readonly fields?: readonly FieldFact[];
  readonly gvks?: readonly string[];
  readonly mapType?: string;
  readonly scalar?: 'array' | 'any' | 'string';
}

export interface FieldFact {
  readonly name: string;
  readonly type: string;
  /** `v1.PullPolicy`: the Go type of a scalar, or of the scalars of a list or map, that has a name. */
  readonly goType?: string;
  readonly required?: boolean;
  readonly omitempty?: boolean;
  readonly pointer?: boolean;
  readonly inline?: boolean;
  readonly proto?: number;
  readonly wire?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly listType?: string;
  readonly listMapKeys?: readonly string[];
  readonly mapType?: string;
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
}

export interface KindFact {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A row of `facts/discovery.json`. */
export interface DiscoveryFact {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly responseKind: KindFact;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly singularResource: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly {
    readonly subresource: string;
    readonly responseKind: KindFact;
    readonly verbs: readonly string[];
  }[];
  readonly hasStorage: boolean;
}

export interface ColumnsFact {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly format: string;
    readonly priority: number;
  }[];
}

export interface FieldSelectorFact {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly fields: readonly string[];
}

/** Reads one file of `facts/`. */
export function readFacts<Row>(name: string): readonly Row[] {
  return JSON.parse(readFileSync(new URL(`../../facts/${name}.json`, import.meta.url), 'utf8')) as Row[];
}

/** Types that requests and answers use beside the kinds of discovery. */
const extraRoots = [
  'meta.v1.ListOptions',
  'meta.v1.GetOptions',
  'meta.v1.CreateOptions',
  'meta.v1.UpdateOptions',
  'meta.v1.PatchOptions',
  'meta.v1.DeleteOptions',
  'meta.v1.Status',
  'meta.v1.Table',
  'meta.v1.PartialObjectMetadata',
  'meta.v1.PartialObjectMetadataList',
  'meta.v1.APIGroupList',
  'meta.v1.APIResourceList',
  'meta.v1.APIVersions',
  'apidiscovery.v2.APIGroupDiscoveryList',
  'core.v1.PodExecOptions',
  'core.v1.PodAttachOptions',
  'core.v1.PodLogOptions',
  'core.v1.PodPortForwardOptions',
  'core.v1.PodProxyOptions',
  'core.v1.NodeProxyOptions',
  'core.v1.ServiceProxyOptions',
];

/** The type behind `[]T`, `map[string]T`. */
function elementType(type: string): string {
  let element = type;
  for (;;) {
    if (element.startsWith('[]')) element = element.slice(2);
    else if (element.startsWith('map[string]')) element = element.slice('map[string]'.length);
    else return element;
  }
}

/** What a named list consists of. */
export function itemType(type: TypeFact): string {
  const [items] = type.fields ?? [];
  if (items === undefined) throw new Error(`nothing is known of the items of ${type.name}`);
  return items.type;
}

/** The types that the served API consists of: those of discovery's kinds and all that they are made of, by name. */
export function apiTypes(
  types: readonly TypeFact[],
  discovery: readonly DiscoveryFact[],
): ReadonlyMap<string, TypeFact> {
  const byName = new Map(types.map((type) => [type.name, type]));
  const queue = [...extraRoots];
  for (const resource of discovery) {
    for (const kind of [resource.responseKind, ...(resource.subresources ?? []).map((each) => each.responseKind)]) {
      const name = typeNameOf(types, resource, kind);
      if (name !== undefined) queue.push(name);
    }
  }
  const reached = new Map<string, TypeFact>();
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const type = byName.get(name);
    if (type === undefined || reached.has(name)) continue;
    reached.set(name, type);
    if (type.scalar === undefined || type.scalar === 'array')
      queue.push(...(type.fields ?? []).map((field) => elementType(field.type)));
  }
  return new Map([...reached].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The fact name of a kind; an empty version in a discovery row means the resource's own group and version. */
export function typeNameOf(types: readonly TypeFact[], resource: DiscoveryFact, kind: KindFact): string | undefined {
  const { group, version } = kind.version === '' ? resource : kind;
  const gvk = `${group === '' ? version : `${group}/${version}`} ${kind.kind}`;
  return types.find((type) => type.gvks?.includes(gvk))?.name;
}

/**
 * Lists that are not dropped where they come without items: that of managers then asks for a reset, and that of scaling policies is refused
 * where none would be filled up.
 */
const emptyToo = new Set(['meta.v1.ObjectMeta.managedFields', 'autoscaling.v2.HPAScalingRules.policies']);

/** Whether a list without items says something else than none. Neither ever stays. */
export function keepsEmpty(type: TypeFact, field: FieldFact): boolean {
  return emptyToo.has(`${type.name}.${field.name}`);
}

/** Lists that an object may well lack although OpenAPI requires them. */
const requiredAndEmpty = new Set([
  'batch.v1.PodFailurePolicy.rules',
  'core.v1.LimitRangeSpec.limits',
  'storage.v1.CSINodeSpec.drivers',
]);

/**
 * Whether a stored object may have null in the field: Go writes a list without items, which a field without `omitempty` does not leave out,
 * as null. Where OpenAPI requires the field, validation refuses an object without items as a rule.
 */
export function isNullable(type: TypeFact, field: FieldFact): boolean {
  if (!field.type.startsWith('[]') || field.omitempty === true || field.pointer === true) return false;
  if (type.name.startsWith('apidiscovery.')) return false;
  return field.required !== true || requiredAndEmpty.has(`${type.name}.${field.name}`);
}
