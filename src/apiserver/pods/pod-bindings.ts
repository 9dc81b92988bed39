import type { Environment } from '../../machinery/environment/environment.ts';
import { type Draft, draft, type KubeObject } from '../../machinery/object.ts';
import { normalise } from '../../machinery/schema/normalise.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { badRequest, conflict } from '../../machinery/status-errors.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Binding, Pod, PodCondition } from '../../resources/schema/core-v1.generated.ts';
import { bindings, pods } from '../../resources/schema/resource-types.generated.ts';
import { builtInSchema } from '../../resources/schema/schema-table.ts';
import type {
  ObjectChanger,
  ResourceContext,
  ReviewHandler,
  SubresourceHandler,
} from '../registry/extension-points.ts';

const resource = { group: '', resource: 'pods/binding' };
const conditionSchema = builtInSchema('core.v1.PodCondition');

/**
 * `pods/binding`: gives a pod its node, once and for all. What the scheduler writes. The older `bindings` is the same for clients that
 * name the pod in the body.
 */
export class PodBindings implements SubresourceHandler {
  readonly resource = pods;
  readonly legacy: ReviewHandler = {
    resource: bindings,
    create: (context, body) => this.#createLegacy(context, body as Binding),
  };
  readonly subresource = 'binding';
  readonly bodyType = { group: '', version: 'v1', kind: 'Binding', schemaName: 'core.v1.Binding' };
  readonly #changer: ObjectChanger;
  readonly #environment: Environment;

  constructor(changer: ObjectChanger, environment: Environment) {
    this.#changer = changer;
    this.#environment = environment;
  }

  async create(context: ResourceContext, body: KubeObject): Promise<object> {
    if ((body.metadata.name ?? '') !== context.info.name)
      throw badRequest('name in URL does not match name in Binding object');
    return this.#assign(context, context.info.name, body as Binding);
  }

  async #createLegacy(context: ResourceContext, { metadata, target }: Binding): Promise<object> {
    const { name = '', namespace = '', labels, annotations } = metadata;
    if (namespace !== '' && namespace !== context.info.namespace)
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    if (name === '') throw badRequest('Name parameter required.');
    // What systems set is wiped here, and with it the uid that a subresource takes as a precondition.
    const wanted = { ...(labels !== undefined && { labels }), ...(annotations !== undefined && { annotations }) };
    return this.#assign(context, name, { metadata: wanted, target });
  }

  async #assign({ info, query, signal }: ResourceContext, name: string, binding: Binding): Promise<object> {
    const { target, metadata } = binding;
    checkTarget(target);
    const { namespace } = info;
    const dryRun = query.getAll('dryRun').includes('All');
    await this.#changer.change(pods, { namespace, name }, (pod) => this.#bind(pod, target.name ?? '', metadata), {
      dryRun,
      signal,
    });
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  }

  #bind(pod: Pod, nodeName: string, wanted: Binding['metadata']): Draft<Pod> {
    const { name = '', uid = '' } = pod.metadata;
    if ((wanted.uid ?? '') !== '' && wanted.uid !== uid) {
      throw conflict(
        resource,
        name,
        `Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${uid}`,
      );
    }
    if (typeof pod.metadata.deletionTimestamp === 'string') {
      throw conflict(resource, name, `pod ${name} is being deleted, cannot be assigned to a host`);
    }
    const current = pod.spec?.nodeName ?? '';
    if (current !== '') throw conflict(resource, name, `pod ${name} is already assigned to node "${current}"`);
    if ((pod.spec?.schedulingGates?.length ?? 0) > 0) {
      throw conflict(resource, name, `pod ${name} has non-empty .spec.schedulingGates`);
    }
    const bound = draft(pod);
    if (bound.spec !== undefined) bound.spec.nodeName = nodeName;
    if (wanted.annotations !== undefined)
      bound.metadata.annotations = { ...bound.metadata.annotations, ...wanted.annotations };
    // PodTopologyLabels puts the labels of the node's place on the Binding; the pod gets them with its node.
    if (wanted.labels !== undefined) bound.metadata.labels = { ...bound.metadata.labels, ...wanted.labels };
    bound.status ??= {};
    const others = (bound.status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
    const lastTransitionTime = formatTime(this.#environment.now());
    const scheduled = normalise(conditionSchema, { type: 'PodScheduled', status: 'True', lastTransitionTime });
    bound.status.conditions = [...others, scheduled.value as unknown as PodCondition];
    delete bound.status.nominatedNodeName;
    return bound;
  }
}

/** Kubernetes answers a target that is none as an internal error. */
function checkTarget({ kind = '', name = '' }: Binding['target']): void {
  const problems: string[] = [];
  if (kind !== '' && kind !== 'Node')
    problems.push(`target.kind: Unsupported value: ${JSON.stringify(kind)}: supported values: "Node", "<empty>"`);
  if (name === '') problems.push('target.name: Required value');
  if (problems.length === 0) return;
  throw new StatusError({ message: problems.length > 1 ? `[${problems.join(', ')}]` : (problems[0] ?? ''), code: 500 });
}
