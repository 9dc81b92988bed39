import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { quote } from '../../machinery/go-text.ts';
import { validateFieldManager } from '../../machinery/object-meta.ts';
import { badRequest, invalidObject } from '../../machinery/status-errors.ts';
import type { DeleteSettings } from '../registry/delete-settings.ts';
import type { ListSettings } from '../registry/read.ts';
import type { WatchSettings } from '../registry/watch.ts';
import type { WriteSettings } from '../registry/write-scope.ts';
import { goInteger } from './go-integer.ts';
import { isTrue } from './request-info.ts';

export type WriteOptionsKind = 'CreateOptions' | 'UpdateOptions';

const fieldValidations = new Set(['', 'Ignore', 'Warn', 'Strict']);
const propagationPolicies = ['Foreground', 'Background', 'Orphan'];

/** The options of POST and PUT. Throws Invalid. */
export function writeSettings(query: URLSearchParams, kind: WriteOptionsKind): WriteSettings {
  refuse(kind, writeErrors(query));
  return readWriteSettings(query);
}

/** The options of PATCH, which depend on its type. Throws Invalid. */
export function patchSettings(query: URLSearchParams, apply: boolean): WriteSettings & { readonly force: boolean } {
  const force = query.get('force');
  const errors: FieldError[] = [];
  if (!apply && force !== null) errors.push(forbidden('force', 'may not be specified for non-apply patch'));
  if (apply && (query.get('fieldManager') ?? '') === '')
    errors.push(required('fieldManager', 'is required for apply patch'));
  refuse('PatchOptions', [...errors, ...writeErrors(query)]);
  return { ...readWriteSettings(query), force: isTrue(force) };
}

function writeErrors(query: URLSearchParams): FieldError[] {
  const fieldValidation = query.get('fieldValidation') ?? '';
  return [
    ...validateFieldManager(query.get('fieldManager') ?? '', 'fieldManager'),
    ...dryRunErrors(query.getAll('dryRun')),
    ...(fieldValidations.has(fieldValidation)
      ? []
      : [notSupported('fieldValidation', fieldValidation, fieldValidations)]),
  ];
}

function readWriteSettings(query: URLSearchParams): WriteSettings {
  const fieldValidation = query.get('fieldValidation') ?? '';
  return {
    dryRun: query.has('dryRun'),
    fieldManager: query.get('fieldManager') ?? '',
    fieldValidation: fieldValidation === 'Strict' || fieldValidation === 'Ignore' ? fieldValidation : 'Warn',
  };
}

function dryRunErrors(values: readonly string[]): FieldError[] {
  return values.every((value) => value === 'All') ? [] : [notSupported('dryRun', values, ['All'])];
}

/** The members of DeleteOptions, from a decoded body or from the query. */
export interface DeleteOptionsFields {
  readonly dryRun?: readonly string[] | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: string | undefined;
  readonly orphanDependents?: boolean | undefined;
  readonly preconditions?:
    | { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined }
    | undefined;
}

export function deleteOptionsOfQuery(query: URLSearchParams): DeleteOptionsFields {
  const grace = query.get('gracePeriodSeconds');
  const orphan = query.get('orphanDependents');
  return {
    dryRun: query.getAll('dryRun'),
    gracePeriodSeconds: grace === null || grace === '' ? undefined : integer(grace),
    propagationPolicy: query.get('propagationPolicy') ?? undefined,
    orphanDependents: orphan === null ? undefined : isTrue(orphan),
  };
}

/** Throws Invalid for options that contradict each other or are unknown. */
export function deleteSettings(fields: DeleteOptionsFields): DeleteSettings {
  const { propagationPolicy, orphanDependents, dryRun = [] } = fields;
  const errors: FieldError[] = [];
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    const why = 'orphanDependents and deletionPropagation cannot be both set';
    errors.push(invalid('propagationPolicy', propagationPolicy, why));
  }
  if (propagationPolicy !== undefined && !propagationPolicies.includes(propagationPolicy))
    errors.push(notSupported('propagationPolicy', propagationPolicy, [...propagationPolicies, 'nil']));
  refuse('DeleteOptions', [...errors, ...dryRunErrors(dryRun)]);
  return {
    dryRun: dryRun.length > 0,
    gracePeriodSeconds: fields.gracePeriodSeconds,
    propagationPolicy: propagationPolicy as DeleteSettings['propagationPolicy'],
    orphanDependents,
    preconditions: fields.preconditions,
  };
}

/** The options of a list. Throws BadRequest and Invalid. */
export function listSettings(query: URLSearchParams): ListSettings {
  integer(query.get('timeoutSeconds') ?? '');
  return {
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    limit: Math.max(0, integer(query.get('limit') ?? '')),
    continue: query.get('continue') ?? '',
    sendInitialEvents: sendInitialEvents(query),
  };
}

/** The options of a watch. Throws BadRequest. */
export function watchSettings(query: URLSearchParams): WatchSettings {
  return {
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents: sendInitialEvents(query),
    timeoutSeconds: Math.max(0, integer(query.get('timeoutSeconds') ?? '')),
    continue: query.get('continue') ?? '',
  };
}

function sendInitialEvents(query: URLSearchParams): boolean | undefined {
  const text = query.get('sendInitialEvents');
  return text === null ? undefined : isTrue(text);
}

function integer(text: string): number {
  return text === '' ? 0 : Number(goInteger(text));
}

function refuse(kind: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind }, '', errors);
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** The `timeout` of a request in milliseconds, written as Go writes durations (`1m30s`); undefined when it is not given. */
export function requestTimeoutMs(query: URLSearchParams): number | undefined {
  const text = query.get('timeout') ?? '';
  if (text === '' || text === '0') return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text)
    throw badRequest(`invalid timeout specified in the request URL - time: invalid duration ${quote(text)}`);
  return parts.reduce((total, [, count, unit]) => total + Number(count) * (unitMs[unit ?? ''] ?? 0), 0);
}
