import { invalid } from '../../machinery/field-errors.ts';
import { type Draft, draft, type KubeObject } from '../../machinery/object.ts';
import { apiVersionOf, type ResourceType } from '../../machinery/resource-type.ts';
import { invalidObject } from '../../machinery/status-errors.ts';
import { ageSince } from '../../machinery/time.ts';
import type { Column, ResourceDefinition, ScaleSubresource } from '../../resources/definition.ts';
import { StoredFormat } from './stored-format.ts';
import { StoredObject } from './stored-object.ts';

export interface Scale extends KubeObject {
  readonly spec: { readonly replicas?: number | undefined };
  readonly status: { readonly replicas: number; readonly selector?: string | undefined };
}

/** Names the kind; `scales` themselves are served nowhere. */
export const scaleType: ResourceType<Scale> = {
  group: 'autoscaling',
  version: 'v1',
  resource: 'scales',
  kind: 'Scale',
  namespaced: true,
};

/** A Scale in a table; whatever it belongs to, its columns are the same. */
export const scaleRows: Pick<ResourceDefinition<Scale>, 'columns' | 'row'> = {
  columns: [
    scaleColumn('Name', 'string'),
    scaleColumn('Desired', 'integer'),
    scaleColumn('Available', 'integer'),
    scaleColumn('Age', 'string'),
  ],
  row: ({ metadata, spec, status }, now) => [
    metadata.name ?? '',
    spec.replicas ?? 0,
    status.replicas,
    ageSince(metadata.creationTimestamp, now),
  ],
};

function scaleColumn(name: string, type: Column['type']): Column {
  return { name, type, format: '', description: '', priority: 0 };
}

/** The object as its `scale` subresource shows it. */
export function toScale(scale: ScaleSubresource<KubeObject>, object: KubeObject): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = scale.replicas(object);
  const selector = scale.selector(object);
  return {
    kind: scaleType.kind,
    apiVersion: apiVersionOf(scaleType),
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: scale.statusReplicas(object), ...(selector !== '' && { selector }) },
  };
}

/** The same for an object on its way out. */
export function scaleOf(scale: ScaleSubresource<KubeObject>, object: StoredObject): StoredObject {
  const format = new StoredFormat(scaleType, object.format.keyPrefix);
  return new StoredObject(format, object.key, format.encode(toScale(scale, object.object)), object.revision);
}

/** The object with the replicas that a Scale wants, under the Scale's uid and version. Throws Invalid. */
export function fromScale(
  scale: ScaleSubresource<KubeObject>,
  wanted: Draft<Scale>,
  live: KubeObject,
): Draft<KubeObject> {
  const replicas = wanted.spec?.replicas ?? 0;
  const errors = replicas < 0 ? [invalid('spec.replicas', replicas, 'must be greater than or equal to 0')] : [];
  if (errors.length > 0) throw invalidObject(scaleType, wanted.metadata.name ?? '', errors);
  const object = draft(live);
  scale.setReplicas(object, replicas);
  const { name, namespace, uid, resourceVersion } = wanted.metadata;
  object.metadata.name = name;
  if (namespace !== undefined && namespace !== '') object.metadata.namespace = namespace;
  if (uid !== undefined && uid !== '') object.metadata.uid = uid;
  if (resourceVersion !== undefined && resourceVersion !== '') object.metadata.resourceVersion = resourceVersion;
  return object;
}
