import { createHash } from 'node:crypto';
import { apiVersionOf } from '../../machinery/resource-type.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import type { SubresourceFact } from '../../resources/resource-fact.ts';
import { resourceFacts } from '../../resources/schema/resource-facts.generated.ts';
import type { Extensions } from '../registry/extensions.ts';

/** What is known of one group and version. */
interface ServedVersion {
  readonly group: string;
  readonly version: string;
  readonly definitions: readonly ResourceDefinition[];
}

/** A subresource as discovery shows it; group and version are empty where they are those of the resource. */
interface ServedSubresource {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

export interface GroupVersions {
  readonly group: string;
  /** The preferred one first. */
  readonly versions: readonly ServedVersion[];
}

/** The order in which Kubernetes lists its groups, which decides whose `events` a short name means. Others follow by name. */
const groupOrder = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'storagemigration.k8s.io',
];

/** Orders definitions by group, version and name of the resource. */
export function groupVersions(definitions: Iterable<ResourceDefinition>): readonly GroupVersions[] {
  const groups = new Map<string, Map<string, ResourceDefinition[]>>();
  for (const definition of definitions) {
    const { group, version } = definition.type;
    const versions = groups.get(group) ?? new Map<string, ResourceDefinition[]>();
    groups.set(group, versions);
    versions.set(version, [...(versions.get(version) ?? []), definition]);
  }
  return [...groups]
    .toSorted(([a], [b]) => groupRank(a) - groupRank(b) || compare(a, b))
    .map(([group, versions]) => ({
      group,
      versions: [...versions]
        .toSorted(([a], [b]) => compareVersions(a, b))
        .map(([version, own]) => ({
          group,
          version,
          definitions: own.toSorted((a, b) => compare(a.type.resource, b.type.resource)),
        })),
    }));
}

function groupRank(group: string): number {
  const index = groupOrder.indexOf(group);
  return index < 0 ? groupOrder.length : index;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Stable versions before betas before alphas, newer before older. */
function compareVersions(a: string, b: string): number {
  const [stageA, majorA, minorA] = versionRank(a);
  const [stageB, majorB, minorB] = versionRank(b);
  return stageB - stageA || majorB - majorA || minorB - minorA || compare(a, b);
}

function versionRank(version: string): readonly [stage: number, major: number, minor: number] {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (match === null) return [0, 0, 0];
  return [match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1, Number(match[1]), Number(match[3] ?? 0)];
}

/** The document of `/apis/GROUP`. */
export function apiGroup({ group, versions }: GroupVersions): object {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry({ group, versions }) };
}

/** The document of `/apis`. */
export function apiGroupList(groups: readonly GroupVersions[]): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupEntry) };
}

function groupEntry({ group, versions }: GroupVersions): object {
  const entries = versions.map(({ version }) => ({ groupVersion: apiVersionOf({ group, version }), version }));
  return { name: group, versions: entries, preferredVersion: entries[0] };
}

/** The document of `/api/v1` and `/apis/GROUP/VERSION`. Only the one of the core group leaves its own apiVersion out. */
export function apiResourceList(served: ServedVersion, extensions: Extensions): object {
  return {
    kind: 'APIResourceList',
    ...(served.group !== '' && { apiVersion: 'v1' }),
    groupVersion: apiVersionOf(served),
    resources: served.definitions.flatMap((definition) => [
      resourceEntry(definition),
      ...subresourcesOf(definition, extensions).map((each) => subresourceEntry(definition, each)),
    ]),
  };
}

function resourceEntry({ type, names, verbs, storage }: ResourceDefinition): object {
  return {
    name: type.resource,
    singularName: names.singular,
    namespaced: type.namespaced,
    kind: type.kind,
    verbs,
    ...(names.shortNames.length > 0 && { shortNames: names.shortNames }),
    ...(names.categories.length > 0 && { categories: names.categories }),
    ...(storage !== undefined && { storageVersionHash: storageVersionHash(storage.conversion?.storedAs ?? type) }),
  };
}

/** Changes when the kind is stored in another version. */
function storageVersionHash({ group, version, kind }: ResourceDefinition['type']): string {
  return createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64');
}

function subresourceEntry({ type }: ResourceDefinition, sub: ServedSubresource): object {
  return {
    name: `${type.resource}/${sub.name}`,
    singularName: '',
    namespaced: type.namespaced,
    ...(sub.group !== '' && { group: sub.group, version: sub.version }),
    kind: sub.kind,
    verbs: sub.verbs,
  };
}

/** The aggregated document of `/api` and `/apis` (KEP-3352). */
export function apiGroupDiscoveryList(groups: readonly GroupVersions[], extensions: Extensions): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map(({ version, definitions }) => ({
        version,
        resources: definitions.map((definition) => discoveredResource(definition, extensions)),
        freshness: 'Current',
      })),
    })),
  };
}

function discoveredResource(definition: ResourceDefinition, extensions: Extensions): object {
  const { type, names, verbs } = definition;
  const subresources = subresourcesOf(definition, extensions).map(({ name, group, version, kind, verbs: own }) => ({
    subresource: name,
    responseKind: { group, version, kind },
    verbs: own,
  }));
  return {
    resource: type.resource,
    responseKind: { group: '', version: '', kind: type.kind },
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: names.singular,
    verbs,
    ...(names.shortNames.length > 0 && { shortNames: names.shortNames }),
    ...(names.categories.length > 0 && { categories: names.categories }),
    ...(subresources.length > 0 && { subresources }),
  };
}

const viewVerbs = ['get', 'patch', 'update'];

/** The subresources that are really there; what Kubernetes says of them comes from the facts. */
function subresourcesOf(definition: ResourceDefinition, extensions: Extensions): readonly ServedSubresource[] {
  const { type, status, scale, views = {} } = definition;
  const facts = factsOf(definition);
  const found = new Map<string, ServedSubresource>();
  const own = (name: string): ServedSubresource => ({
    name,
    group: '',
    version: '',
    kind: type.kind,
    verbs: viewVerbs,
  });
  for (const name of Object.keys(views)) found.set(name, own(name));
  if (status !== undefined) found.set('status', own('status'));
  if (scale !== undefined)
    found.set('scale', { name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: viewVerbs });
  for (const fact of facts) {
    const present =
      found.has(fact.name) ||
      extensions.subresource(type, fact.name) !== undefined ||
      extensions.connect(type, fact.name) !== undefined;
    if (present) found.set(fact.name, fromFact(definition, fact));
  }
  return [...found.values()].toSorted((a, b) => compare(a.name, b.name));
}

function fromFact({ type }: ResourceDefinition, fact: SubresourceFact): ServedSubresource {
  const isOwn = fact.group === type.group && fact.version === type.version;
  return { ...fact, group: isOwn ? '' : fact.group, version: isOwn ? '' : fact.version };
}

function factsOf({ type }: ResourceDefinition): readonly SubresourceFact[] {
  const fact = resourceFacts.find(
    (each) => each.group === type.group && each.version === type.version && each.resource === type.resource,
  );
  return fact?.subresources ?? [];
}
