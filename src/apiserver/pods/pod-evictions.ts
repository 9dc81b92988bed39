import type { Client } from '../../client/client.ts';
import { isConditionTrue } from '../../machinery/conditions.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { compileLabelSelector } from '../../machinery/label-selector.ts';
import { draft, type KubeObject } from '../../machinery/object.ts';
import { normalise } from '../../machinery/schema/normalise.ts';
import { isReason } from '../../machinery/status-error.ts';
import { badRequest, conflict, unclassifiedError } from '../../machinery/status-errors.ts';
import { disruptionTarget } from '../../resources/core/pod/disruption-target.ts';
import type { Pod, PodCondition } from '../../resources/schema/core-v1.generated.ts';
import type { DeleteOptions } from '../../resources/schema/meta-v1.generated.ts';
import type { Eviction, PodDisruptionBudget } from '../../resources/schema/policy-v1.generated.ts';
import { podDisruptionBudgets, pods } from '../../resources/schema/resource-types.generated.ts';
import { builtInSchema } from '../../resources/schema/schema-table.ts';
import type { ObjectChanger, ResourceContext, SubresourceHandler } from '../registry/extension-points.ts';
import { budgetNotReady, spendDisruption } from './spend-disruption.ts';

const conditionSchema = builtInSchema('core.v1.PodCondition');
const attempts = 20;
const betweenAttemptsMs = 500;
const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

/** One request to evict: what is asked for, and under which conditions. */
interface Request {
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  readonly options: DeleteOptions;
  readonly signal: AbortSignal | undefined;
}

/** `pods/eviction`: a deletion that says why, and that budgets may refuse. What `kubectl drain` asks for. */
export class PodEvictions implements SubresourceHandler {
  readonly resource = pods;
  readonly subresource = 'eviction';
  readonly bodyType = {
    group: 'policy',
    version: 'v1',
    olderVersions: ['v1beta1'],
    kind: 'Eviction',
    schemaName: 'policy.v1.Eviction',
  };
  readonly #client: Client;
  readonly #changer: ObjectChanger;
  readonly #environment: Environment;

  constructor(client: Client, changer: ObjectChanger, environment: Environment) {
    this.#client = client;
    this.#changer = changer;
    this.#environment = environment;
  }

  async create({ info, query, signal }: ResourceContext, body: KubeObject): Promise<object> {
    const { metadata, deleteOptions: options = {} } = body as Eviction;
    const { namespace, name } = info;
    if (metadata.name !== name) throw badRequest('name in URL does not match name in Eviction object');
    const dryRun = query.getAll('dryRun').includes('All') || options.dryRun?.includes('All') === true;
    const request: Request = { namespace, name, dryRun, options, signal };
    const pod = await this.#deleteWithoutBudget(request);
    if (pod !== undefined) await this.#deleteWithinBudget(request, pod);
    return success;
  }

  /** Deletes a pod that no budget counts, or answers the pod that one may. */
  async #deleteWithoutBudget(request: Request): Promise<Pod | undefined> {
    const asked = request.options.preconditions?.resourceVersion;
    for (let attempt = 1; ; attempt++) {
      const pod = await this.#client.get(pods, request, { signal: request.signal });
      if (!passesBudgets(pod)) return pod;
      // A pod that is only pending may become ready meanwhile, and then it counts.
      const version = asked ?? (isSettled(pod) ? undefined : pod.metadata.resourceVersion);
      try {
        await this.#delete(request, version);
        return undefined;
      } catch (error) {
        if (asked !== undefined || !isReason(error, 'Conflict') || attempt === attempts) throw error;
        await this.#environment.sleep(betweenAttemptsMs, request.signal);
      }
    }
  }

  async #deleteWithinBudget(request: Request, pod: Pod): Promise<void> {
    const budget = await this.#budgetOf(request, pod);
    const asked = request.options.preconditions?.resourceVersion;
    if (budget === undefined || !isSpare(pod, budget)) {
      if (budget !== undefined) await this.#spend(request, budget);
      await this.#delete(request, asked);
      return;
    }
    try {
      await this.#delete(request, pod.metadata.resourceVersion);
    } catch (error) {
      if (isReason(error, 'Conflict') && asked === undefined) throw budgetNotReady(budget.metadata.name ?? '');
      throw error;
    }
  }

  async #budgetOf({ namespace, signal }: Request, pod: Pod): Promise<PodDisruptionBudget | undefined> {
    const { items } = await this.#client.list(podDisruptionBudgets, { namespace, signal });
    const budgets = items.filter((budget) => selects(budget, pod));
    if (budgets.length > 1) {
      throw unclassifiedError(
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      );
    }
    return budgets[0];
  }

  /** Of many who want the last disruption of a budget at once, one gets it: each looks at what the one before has left. */
  async #spend({ namespace, name, dryRun, signal }: Request, { metadata }: PodDisruptionBudget): Promise<void> {
    const key = { namespace, name: metadata.name ?? '' };
    const spend = (live: PodDisruptionBudget) => spendDisruption(live, name, this.#environment.now());
    await this.#changer.change(podDisruptionBudgets, key, spend, { dryRun, signal });
  }

  /** Deletes the pod, said first in its status: controllers tell a disruption from a failure by it (KEP-3329). */
  async #delete(request: Request, resourceVersion: string | undefined): Promise<void> {
    const { options, dryRun, signal } = request;
    const { uid } = options.preconditions ?? {};
    let version = resourceVersion;
    if (!dryRun) {
      const announce = (live: Pod) => this.#announced(live, uid, version);
      const announced = await this.#changer.change(pods, request, announce, { dryRun, signal });
      if (version !== undefined) version = announced.metadata.resourceVersion;
    }
    await this.#client.delete(pods, request, {
      signal,
      dryRun,
      gracePeriodSeconds: options.gracePeriodSeconds,
      propagationPolicy: options.propagationPolicy as 'Orphan' | 'Background' | 'Foreground' | undefined,
      preconditions: { uid, resourceVersion: version },
    });
  }

  #announced(pod: Pod, uid: string | undefined, version: string | undefined) {
    const { name = '' } = pod.metadata;
    const resource = { group: '', resource: 'Pod' };
    const mismatch = (what: string, wanted: string, actual = '') =>
      `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${actual})`;
    if (uid !== undefined && uid !== '' && uid !== pod.metadata.uid) {
      const why = 'The object might have been deleted and then recreated';
      throw conflict(resource, name, `${mismatch('UID', uid, pod.metadata.uid)}. ${why}`);
    }
    if (version !== undefined && version !== '' && version !== pod.metadata.resourceVersion) {
      const why = 'The object might have been modified';
      throw conflict(resource, name, `${mismatch('ResourceVersion', version, pod.metadata.resourceVersion)}. ${why}`);
    }
    // Unlike controllers the API does not say which generation it saw.
    const { observedGeneration: _, ...target } = disruptionTarget(
      pod,
      'EvictionByEvictionAPI',
      'Eviction API: evicting',
      this.#environment.now(),
    );
    const condition = normalise(conditionSchema, target).value as unknown as PodCondition;
    const announced = draft(pod);
    announced.status ??= {};
    const others = announced.status.conditions?.filter(({ type }) => type !== condition.type) ?? [];
    announced.status.conditions = [...others, condition];
    return announced;
  }
}

/** Terminal, being deleted already, or not running yet: its going disrupts nobody. */
function passesBudgets(pod: Pod): boolean {
  return isSettled(pod) || pod.status?.phase === 'Pending';
}

function isSettled({ metadata, status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed' || metadata.deletionTimestamp !== undefined;
}

/** Whether a pod is not ready and its budget can do without it, so that it costs nothing (KEP-3017). */
function isSpare(pod: Pod, { spec, status }: PodDisruptionBudget): boolean {
  if (isConditionTrue(pod.status?.conditions, 'Ready')) return false;
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

function selects({ spec }: PodDisruptionBudget, pod: Pod): boolean {
  try {
    return compileLabelSelector(spec?.selector).matches(pod.metadata.labels);
  } catch {
    return false;
  }
}
