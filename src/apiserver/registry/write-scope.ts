import type { Environment } from '../../machinery/environment/environment.ts';
import type { Draft, KubeObject } from '../../machinery/object.ts';
import type { ResourceDefinition, WriteContext } from '../../resources/definition.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission/plugin.ts';
import type { ResourceRequestInfo, UserInfo } from '../request.ts';
import type { Cancellable } from './call.ts';
import type { WriteHook, WriteReservation } from './extension-points.ts';
import type { ObjectView } from './object-view.ts';
import type { ResourceStorage } from './resource-storage.ts';

/** A resource that is served, with where its objects are. */
export interface StoredResource {
  readonly definition: ResourceDefinition;
  readonly view: ObjectView;
  readonly storage: ResourceStorage;
  readonly hooks: readonly WriteHook[];
}

/** What every write needs of the server. */
export interface WriteServices {
  readonly environment: Environment;
  readonly admission: readonly AdmissionPlugin[];
  /** Throws Forbidden: an update or apply that turns out to create is checked as a create too. */
  authorize(user: UserInfo, info: ResourceRequestInfo): void;
}

/** One write: who wants what of which resource. */
export interface WriteScope extends Cancellable {
  readonly services: WriteServices;
  readonly resource: StoredResource;
  readonly info: ResourceRequestInfo;
  readonly user: UserInfo;
  /** Names the field manager when the request does not. */
  readonly userAgent: string;
  warn(message: string): void;
}

/** The options of a write, read from the query or given by a direct caller, and checked. */
export interface WriteSettings {
  readonly dryRun: boolean;
  /** Empty: the user agent says. */
  readonly fieldManager: string;
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict';
}

export function writeContext(scope: WriteScope): WriteContext {
  const { environment } = scope.services;
  return { now: environment.now(), user: scope.user, newId: () => environment.id() };
}

/** Runs the mutating half of admission. */
export async function admit(scope: WriteScope, attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of scope.services.admission) await plugin.admit?.(attributes);
}

/** Runs the validating half of admission. */
export async function validateAdmission(scope: WriteScope, attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of scope.services.admission) await plugin.validate?.(attributes);
}

export function admissionAttributes(
  scope: WriteScope,
  operation: AdmissionAttributes['operation'],
  dryRun: boolean,
  object: Draft<KubeObject> | undefined,
  old: KubeObject | undefined,
): AdmissionAttributes {
  const { info, resource, user } = scope;
  return {
    operation,
    verb: info.verb,
    type: resource.definition.type,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name === '' ? (object?.metadata.name ?? old?.metadata.name ?? '') : info.name,
    user,
    dryRun,
    object,
    old,
    warn: (message) => scope.warn(message),
  };
}

/** What all hooks of the resource reserve for one write, as one reservation. */
export async function reserve(
  scope: WriteScope,
  object: Draft<KubeObject> | undefined,
  old: KubeObject | undefined,
  dryRun: boolean,
): Promise<WriteReservation | undefined> {
  const { hooks } = scope.resource;
  if (hooks.length === 0) return undefined;
  const reservations: WriteReservation[] = [];
  const rollback = (): void => {
    for (const reservation of reservations.toReversed()) reservation.rollback();
  };
  try {
    for (const hook of hooks) {
      const reservation = await hook.prepare(object, old, dryRun);
      if (reservation !== undefined) reservations.push(reservation);
    }
  } catch (error) {
    rollback();
    throw error;
  }
  const commit = (): void => {
    for (const reservation of reservations) reservation.commit();
  };
  return { commit, rollback };
}
