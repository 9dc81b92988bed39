import type { Reader } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import type { Draft } from '../../machinery/object.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { pods, priorityClasses } from '../../resources/schema/resource-types.generated.ts';
import type { PriorityClass } from '../../resources/schema/scheduling-v1.generated.ts';
import { admissionForbidden } from './admission-forbidden.ts';
import { appliesTo } from './applies-to.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

const computed = 'priority admission controller computed';

/** Turns a pod's priority class into its priority, and lets there be only one default class. */
export class Priority implements AdmissionPlugin {
  readonly name = 'Priority';
  readonly #classes: Informer<PriorityClass>;
  /** Asked for a class that the informer does not have: it may have been created a moment before the pod. */
  readonly #reader: Reader;

  constructor(classes: Informer<PriorityClass>, reader: Reader) {
    this.#classes = classes;
    this.#reader = reader;
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    if (!appliesTo(attributes, pods)) return;
    const spec = (attributes.object as Draft<Pod> | undefined)?.spec;
    if (spec === undefined) return;
    if (attributes.operation === 'CREATE') await this.#setPriority(attributes, spec);
    if (attributes.operation === 'UPDATE') keepPriority(spec, (attributes.old as Pod).spec);
  }

  validate(attributes: AdmissionAttributes): void {
    const { operation } = attributes;
    if (!appliesTo(attributes, priorityClasses) || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
    const priorityClass = attributes.object as Draft<PriorityClass>;
    if (priorityClass.globalDefault !== true) return;
    const other = this.#defaultClass();
    if (other === undefined) return;
    if (operation === 'UPDATE' && other.metadata.name === priorityClass.metadata.name) return;
    const why = `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`;
    throw admissionForbidden(attributes, why);
  }

  async #setPriority(attributes: AdmissionAttributes, spec: NonNullable<Draft<Pod>['spec']>): Promise<void> {
    const name = spec.priorityClassName ?? '';
    const found = name === '' ? this.#defaultClass() : await this.#class(attributes, name);
    if (name === '' && found !== undefined) spec.priorityClassName = found.metadata.name ?? '';
    const priority = found?.value ?? 0;
    if (spec.priority != null && spec.priority !== priority) {
      const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; ${computed} ${priority} from the given PriorityClass name`;
      throw admissionForbidden(attributes, why);
    }
    spec.priority = priority;
    const policy = found === undefined ? 'PreemptLowerPriority' : found.preemptionPolicy;
    if (policy === undefined) return;
    if (spec.preemptionPolicy != null && spec.preemptionPolicy !== policy) {
      const why = `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; ${computed} ${policy} from the given PriorityClass name`;
      throw admissionForbidden(attributes, why);
    }
    spec.preemptionPolicy = policy;
  }

  async #class(attributes: AdmissionAttributes, name: string): Promise<PriorityClass> {
    const known = this.#classes.get(name);
    if (known !== undefined) return known;
    try {
      return await this.#reader.get(priorityClasses, { name });
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
      throw admissionForbidden(attributes, `no PriorityClass with name ${name} was found`);
    }
  }

  /** A race may have made more than one: the least of them counts. */
  #defaultClass(): PriorityClass | undefined {
    let found: PriorityClass | undefined;
    for (const each of this.#classes.list()) {
      if (each.globalDefault === true && (found === undefined || (each.value ?? 0) < (found.value ?? 0))) found = each;
    }
    return found;
  }
}

/** Clients that know nothing of priorities leave them out of an update. */
function keepPriority(spec: NonNullable<Draft<Pod>['spec']>, old: Pod['spec']): void {
  if (spec.priority == null && old?.priority != null) spec.priority = old.priority;
  if (spec.preemptionPolicy == null && old?.preemptionPolicy != null) spec.preemptionPolicy = old.preemptionPolicy;
}
