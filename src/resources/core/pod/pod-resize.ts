import type { FieldError } from '../../../machinery/field-error.ts';
import { forbidden, invalid } from '../../../machinery/field-errors.ts';
import type { Draft } from '../../../machinery/object.ts';
import type { StatusRules } from '../../define.ts';
import { equal } from '../../equal.ts';
import { keepMetadata } from '../../keep-metadata.ts';
import type { Container, Pod, PodSpec, ResourceRequirements } from '../../schema/core-v1.generated.ts';
import { shared } from '../../shared.ts';
import { dropDisabledFields } from './drop-disabled-fields.ts';
import { hasPodLevelResources, setPodResourceDefaults } from './pod-resource-defaults.ts';
import { qosClassOf } from './qos-class.ts';
import { validatePod } from './validation/pod.ts';

const emptySpec: PodSpec = { containers: [] };
const mirrorAnnotation = 'kubernetes.io/config.mirror';
/** What may change while a container runs. */
const resizable = ['cpu', 'memory'];
const containerFields = ['initContainers', 'containers'] as const;

/** `resize` of a pod (KEP-1287): how much cpu and memory its containers, and it as a whole, ask for. */
export const podResizeRules: StatusRules<Pod> = {
  prepareForUpdate(pod: Draft<Pod>, old: Pod): void {
    pod.status = shared(old.status ?? {});
    keepMetadata(pod, old);
    const { spec = emptySpec } = old;
    const wanted = (pod.spec ?? emptySpec) as Draft<PodSpec>;
    if (hasSameContainers(wanted, spec)) pod.spec = resized(wanted, spec);
    if (pod.spec === undefined) return;
    if (pod.spec.resources === undefined && spec.resources !== undefined)
      pod.spec.resources = { ...shared(spec.resources) };
    setPodResourceDefaults(pod.spec);
    dropDisabledFields(pod.spec);
  },

  validateUpdate(pod: Pod, old: Pod, errors: FieldError[]): void {
    const [spec, before] = [pod.spec ?? emptySpec, old.spec ?? emptySpec];
    if (old.metadata.annotations?.[mirrorAnnotation] !== undefined) {
      errors.push(forbidden('', 'static pods cannot be resized'));
      return;
    }
    if (before.os?.name === 'windows') {
      errors.push(forbidden('', 'windows pods cannot be resized'));
      return;
    }
    validatePod(pod, errors);
    if ((old.status?.qosClass ?? qosClassOf(before)) !== qosClassOf(spec))
      errors.push(invalid('spec', pod.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'));
    if (!nodeResizes(old)) errors.push(forbidden('spec', 'Pod running on node without support for resize'));
    validateWhole(spec, before, errors);
    if (!validateOrder(spec, before, errors)) return;
    for (const field of containerFields) validateRemovals(spec, before, field, errors);
    for (const field of containerFields.toReversed()) validateContainers(spec, before, field, errors);
    if (errors.length === 0 && !equal(withoutResizable(spec, before), before))
      errors.push(forbidden('spec', 'only cpu and memory resources are mutable'));
  },
};

function hasSameContainers(spec: PodSpec, old: PodSpec): boolean {
  return containerFields.every((field) => (spec[field] ?? []).length === (old[field] ?? []).length);
}

/** The old spec with the resources of the new one. */
function resized(wanted: Draft<PodSpec>, old: PodSpec): Draft<PodSpec> {
  const result = { ...shared(old), resources: wanted.resources };
  if (result.resources === undefined) delete (result as { resources?: unknown }).resources;
  for (const field of containerFields) {
    const [own, before] = [wanted[field] ?? [], old[field] ?? []];
    if (own.length === 0) continue;
    // Names in another order are for validation to refuse.
    const sameNames = own.every(({ name }, index) => name === before[index]?.name);
    result[field] = sameNames ? own.map((container, index) => resizedContainer(container, before[index])) : own;
  }
  return result as Draft<PodSpec>;
}

function resizedContainer(wanted: Draft<Container>, old: Container | undefined): Draft<Container> {
  const { resources, resizePolicy } = wanted;
  const { resources: _old, resizePolicy: _policy, ...rest } = shared(old ?? wanted);
  return {
    ...rest,
    ...(resources !== undefined && { resources }),
    ...(resizePolicy !== undefined && { resizePolicy }),
  } as Draft<Container>;
}

/** A node that does resize says what it has given to containers that run. */
function nodeResizes({ status }: Pod): boolean {
  const running = status?.containerStatuses?.find(({ state }) => state?.running !== undefined);
  return running === undefined || running.resources !== undefined;
}

function validateWhole(spec: PodSpec, old: PodSpec, errors: FieldError[]): void {
  if (!hasPodLevelResources(spec) && !hasPodLevelResources(old)) return;
  const path = 'spec.resources';
  if (old.resources !== undefined && spec.resources === undefined) {
    errors.push(forbidden(path, 'pod-level resources cannot be removed'));
    return;
  }
  if (isRemoved(spec.resources?.requests, old.resources?.requests))
    errors.push(forbidden(`${path}.requests`, 'pod-level resource requests cannot be removed'));
  if (isRemoved(spec.resources?.limits, old.resources?.limits))
    errors.push(forbidden(`${path}.limits`, 'pod-level resource limits cannot be removed'));
  if (!equal(withoutResizableResources(spec.resources, old.resources), old.resources))
    errors.push(forbidden('spec', 'only cpu and memory resources are mutable at pod-level'));
}

/** Answers whether the containers are the same ones, in the same order. */
function validateOrder(spec: PodSpec, old: PodSpec, errors: FieldError[]): boolean {
  const before = errors.length;
  for (const field of containerFields.toReversed()) {
    const [own, known] = [spec[field] ?? [], old[field] ?? []];
    if (own.length !== known.length)
      errors.push(forbidden(`spec.${field}`, `${field} may not be added or removed on resize`));
    else
      for (const [index, { name }] of known.entries())
        if (own[index]?.name !== name)
          errors.push(forbidden(`spec.${field}[${index}].name`, `${field} may not be renamed or reordered on resize`));
  }
  return errors.length === before;
}

function validateRemovals(
  spec: PodSpec,
  old: PodSpec,
  field: (typeof containerFields)[number],
  errors: FieldError[],
): void {
  for (const [index, { resources: before }] of (old[field] ?? []).entries()) {
    const path = `spec.${field}[${index}].resources`;
    const { resources } = spec[field]?.[index] ?? {};
    if (isRemoved(resources?.requests, before?.requests))
      errors.push(forbidden(`${path}.requests`, 'resource requests cannot be removed'));
    if (isRemoved(resources?.limits, before?.limits))
      errors.push(forbidden(`${path}.limits`, 'resource limits cannot be removed'));
  }
}

function validateContainers(
  spec: PodSpec,
  old: PodSpec,
  field: (typeof containerFields)[number],
  errors: FieldError[],
): void {
  for (const [index, container] of (spec[field] ?? []).entries()) {
    const before = old[field]?.[index];
    if (before === undefined || equal(container, before)) continue;
    const init = field === 'initContainers';
    const path = init ? `spec.initContainers[${index}]` : 'spec';
    const what = init ? 'resources for init or sidecar containers' : 'resources';
    if (!equal(withoutResizableContainer(container, before), before))
      errors.push(forbidden(path, `only cpu and memory ${what} are mutable`));
    const restarts = container.resizePolicy?.some(({ restartPolicy }) => restartPolicy === 'RestartContainer');
    if (init && container.restartPolicy !== 'Always' && restarts === true)
      errors.push(
        forbidden(path, 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized'),
      );
  }
}

type Quantities = ResourceRequirements['requests'];

function isRemoved(quantities: Quantities, old: Quantities): boolean {
  return Object.keys(old ?? {}).some((name) => quantities?.[name] === undefined);
}

/** The new spec with cpu and memory as they were. */
function withoutResizable(spec: PodSpec, old: PodSpec): PodSpec {
  const each = (containers: readonly Container[] | undefined, before: readonly Container[] | undefined) =>
    (containers ?? []).map((container, index) => withoutResizableContainer(container, before?.[index] ?? container));
  return {
    ...spec,
    containers: each(spec.containers, old.containers),
    initContainers: each(spec.initContainers, old.initContainers),
    resources: withoutResizableResources(spec.resources, old.resources),
  } as PodSpec;
}

function withoutResizableContainer(container: Container, old: Container): Container {
  return {
    ...container,
    resources: withoutResizableResources(container.resources, old.resources) ?? old.resources,
  } as Container;
}

function withoutResizableResources(
  resources: ResourceRequirements | undefined,
  old: ResourceRequirements | undefined,
): ResourceRequirements | undefined {
  if (resources === undefined) return undefined;
  const limits = withOld(resources.limits, old?.limits);
  const requests = withOld(resources.requests, old?.requests);
  const empty = limits === undefined && requests === undefined && resources.claims === undefined;
  if (old === undefined && empty) return undefined;
  return {
    ...(limits !== undefined && { limits }),
    ...(requests !== undefined && { requests }),
    ...(resources.claims !== undefined && { claims: resources.claims }),
  };
}

function withOld(quantities: Quantities, old: Quantities): Quantities {
  const others = Object.entries(quantities ?? {}).filter(([name]) => !resizable.includes(name));
  const kept = Object.entries(old ?? {}).filter(([name]) => resizable.includes(name));
  const merged = [...others, ...kept];
  return merged.length === 0 && old === undefined ? undefined : Object.fromEntries(merged);
}
