import { createErrors } from '../../src/apiserver/registry/create.ts';
import { formatFieldError, formatFieldErrors } from '../../src/machinery/field-errors.ts';
import { type Draft, draft, type KubeObject } from '../../src/machinery/object.ts';
import { normalise } from '../../src/machinery/schema/normalise.ts';
import { builtInDefinitions } from '../../src/resources/built-in.ts';
import type { ResourceDefinition } from '../../src/resources/definition.ts';
import type { Pod, Service } from '../../src/resources/schema/core-v1.generated.ts';
import { type Ask, withoutAdmission, withoutUids } from './ask.ts';

export interface WriteOutcome {
  readonly object?: unknown;
  /** The field errors as one text. */
  readonly message?: string;
  readonly warnings: readonly string[];
}

const someUid = '00000000-0000-0000-0000-000000000000';
const context = {
  now: Date.parse('2026-01-01T00:00:00Z'),
  user: { username: 'admin', groups: ['system:masters'], extra: {} },
  newId: () => someUid,
};

/** What a definition makes of a question: the steps of the registry that are the definition's to decide, without a server. */
export function write(ask: Ask): WriteOutcome {
  const definition = definitionAt(ask.path);
  const old = ask.old === undefined ? undefined : created(definition, ask);
  const object = read(definition, ask.body, ask.path);
  if (old === undefined) definition.prepareForCreate?.(object, context);
  else viewOf(definition, ask.subresource).prepareForUpdate?.(object, old, context);
  if (definition.type.kind === 'Service') allocate(object as Draft<Service>);
  if (ask.subresource !== 'status') countGeneration(definition, object, old);
  else if (old?.metadata.generation !== undefined) object.metadata.generation = old.metadata.generation;
  const errors =
    old === undefined
      ? createErrors(definition, object)
      : viewOf(definition, ask.subresource).validateUpdate(object, old, context);
  const { deprecationWarning } = definition;
  const warnings = deprecationWarning === undefined ? [] : [deprecationWarning];
  if (errors.length > 0) return { message: withoutUids(formatFieldErrors(errors)), warnings };
  const warned =
    old === undefined
      ? definition.warnings?.(object, old)
      : viewOf(definition, ask.subresource).warnings?.(object, old);
  warnings.push(...(warned ?? []));
  const shown = { ...asStored(definition, object as KubeObject), kind: definition.type.kind };
  return { object: tidy(withoutAdmission(shown, ask)), warnings };
}

/** An object of a version that is stored in another one, as it comes back from there. */
function asStored({ storage }: ResourceDefinition, object: KubeObject): KubeObject {
  return storage?.conversion === undefined
    ? object
    : storage.conversion.fromStorage(storage.conversion.toStorage(object));
}

/** Creates an object and writes it again without a change: what is then wrong. */
export function rewrite(ask: Ask): readonly string[] {
  const definition = definitionAt(ask.path);
  const stored = created(definition, { ...ask, old: ask.body });
  const same = draft(stored);
  definition.prepareForUpdate?.(same, stored, context);
  const changes = definition.changesGeneration?.(same as KubeObject, stored) === true;
  const errors = definition.validateUpdate(same as KubeObject, stored).map(formatFieldError);
  return changes ? [...errors, 'counts as a change'] : errors;
}

function countGeneration(definition: ResourceDefinition, object: Draft<KubeObject>, old: KubeObject | undefined): void {
  if (definition.changesGeneration === undefined || (old === undefined && definition.bornWithoutGeneration)) return;
  const before = old?.metadata.generation ?? 0;
  const changes = old === undefined || definition.changesGeneration(object, old);
  object.metadata.generation = changes ? before + 1 : before;
}

/** The part of a message behind `Pod "x" is invalid: `. */
export function fieldErrorsOf(message: string): string {
  return message.replace(/^\S+ "[^"]*" is invalid: /, '');
}

export function definitionAt(path: string): ResourceDefinition {
  const [, root, ...parts] = path.split('/');
  const [group = '', version = ''] = root === 'api' ? ['', ...parts] : parts;
  const resource = parts.at(-1);
  const found = builtInDefinitions.find(
    ({ type }) => type.group === group && type.version === version && type.resource === resource,
  );
  if (found === undefined) throw new Error(`nothing is served at ${path}`);
  return found;
}

function viewOf(definition: ResourceDefinition, subresource: string | undefined) {
  if (subresource === undefined) return definition;
  const view = subresource === 'status' ? definition.status : definition.views?.[subresource];
  if (view === undefined) throw new Error(`${definition.type.resource} has no ${subresource}`);
  return view;
}

function created(definition: ResourceDefinition, ask: Ask): KubeObject {
  const { path, oldStatus, oldView } = ask;
  const old = ask.old as KubeObject;
  const result = read(definition, old, path);
  definition.prepareForCreate?.(result, context);
  if (definition.type.kind === 'Service') allocate(result as Draft<Service>);
  countGeneration(definition, result, undefined);
  if (oldView !== undefined) {
    const viewed = read(definition, oldView.body, path);
    viewOf(definition, oldView.subresource).prepareForUpdate?.(viewed, result, context);
    countGeneration(definition, viewed, result);
    return viewed;
  }
  if (oldStatus === undefined) return result;
  const withStatus = read(definition, { ...old, status: oldStatus } as KubeObject, path);
  definition.status?.prepareForUpdate(withStatus, result, context);
  countGeneration(definition, withStatus, undefined);
  return withStatus;
}

function read(definition: ResourceDefinition, object: KubeObject, path: string): Draft<KubeObject> {
  const result = normalise(definition.schema, object).value as unknown as Draft<KubeObject>;
  const namespace = /\/namespaces\/([^/]+)\//.exec(path)?.[1];
  if (namespace !== undefined) result.metadata.namespace = namespace;
  result.metadata.uid = someUid;
  definition.setDefaults(result);
  if (definition.type.kind === 'Pod') admitPod(result as Draft<Pod>);
  return result;
}

/** Without what says nothing: Go writes some empty values and leaves out others, which is not the definitions' to decide. */
export function tidy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidy);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => [key, tidy(member)] as const);
  return Object.fromEntries(entries.filter(([, member]) => !saysNothing(member)));
}

function saysNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return Array.isArray(value) && value.length === 0;
}

/** What the ServiceAccount and Priority plugins do to every pod. */
function admitPod({ spec }: Draft<Pod>): void {
  if (spec === undefined) return;
  spec.serviceAccountName ||= 'default';
  spec.priority ??= 0;
  spec.preemptionPolicy ??= 'PreemptLowerPriority';
}

/** What the allocators of addresses and node ports do to a service. */
function allocate({ spec }: Draft<Service>): void {
  if (spec === undefined || spec.type === 'ExternalName') return;
  spec.clusterIP ||= '10.0.0.1';
  spec.clusterIPs = [spec.clusterIP];
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return;
  for (const [index, port] of (spec.ports ?? []).entries()) port.nodePort ||= 30_000 + index;
  if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local') spec.healthCheckNodePort ||= 31_000;
}
