import type { Members } from '../../machinery/members.ts';
import type { Draft, KubeObject } from '../../machinery/object.ts';
import { applyPatchTo, type ParsedPatch } from '../../machinery/patch/patch.ts';
import { apiVersionOf } from '../../machinery/resource-type.ts';
import type { DecodeTarget } from '../../machinery/schema/decode.ts';
import { normalise } from '../../machinery/schema/normalise.ts';
import { notFound } from '../../machinery/status-errors.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import { builtInSchema } from '../../resources/schema/schema-table.ts';
import { applied, ownChanges } from './field-ownership.ts';
import { isKnownKind } from './known-kinds.ts';
import { fromScale, type Scale, scaleType, toScale } from './scale.ts';
import { type Transform, type UpdateResult, update } from './update.ts';
import type { WriteScope, WriteSettings } from './write-scope.ts';

/** PATCH of the three kinds that turn the live object into a new one: JSON, merge and strategic. */
export async function patch(scope: WriteScope, parsed: ParsedPatch, settings: WriteSettings): Promise<UpdateResult> {
  const { definition } = scope.resource;
  const scale = scope.info.subresource === 'scale' ? definition.scale : undefined;
  const patched: Transform = (live) => {
    if (live === undefined) throw notFound(definition.type, scope.info.name);
    if (scale === undefined) return patchObject(scope, live, parsed, settings);
    const wanted = decodePatched(scope, toScale(scale, live), parsed, scaleTarget(), settings);
    const object = fromScale(scale, wanted as Draft<Scale>, live);
    ownChanges(scope, object, live, settings);
    return object;
  };
  return update(scope, patched, { ...settings, createMissing: false, uidIsPrecondition: false });
}

function patchObject(
  scope: WriteScope,
  live: KubeObject,
  parsed: ParsedPatch,
  settings: WriteSettings,
): Draft<KubeObject> {
  const { definition } = scope.resource;
  const target = { ...definition.type, schema: definition.schema };
  const object = decodePatched(scope, live, parsed, target, settings);
  definition.setDefaults(object);
  ownChanges(scope, object, live, settings);
  return object;
}

/** PATCH by server-side apply, which creates what is not there. */
export async function apply(
  scope: WriteScope,
  config: Members,
  settings: WriteSettings & { readonly force: boolean },
): Promise<UpdateResult> {
  const { definition } = scope.resource;
  const scale = scope.info.subresource === 'scale' ? definition.scale : undefined;
  const transform: Transform = (live) => {
    if (scale === undefined) return applied(scope, live, config, settings);
    if (live === undefined) throw notFound(definition.type, scope.info.name);
    const wanted = normalise(scaleTarget().schema, config).value as unknown as Draft<Scale>;
    return applied(scope, live, scaleConfig(definition, fromScale(scale, wanted, live)), settings);
  };
  return update(scope, transform, { ...settings, createMissing: scale === undefined, uidIsPrecondition: false });
}

/** The configuration of the object itself that an applied Scale stands for. */
function scaleConfig({ type }: ResourceDefinition, object: Draft<KubeObject>): Members {
  const { name, namespace } = object.metadata;
  const { spec } = object as Draft<KubeObject> & { readonly spec?: { readonly replicas?: number } };
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: { name, ...(namespace !== undefined && { namespace }) },
    spec: { replicas: spec?.replicas },
  };
}

function decodePatched(
  scope: WriteScope,
  live: KubeObject,
  parsed: ParsedPatch,
  target: DecodeTarget,
  settings: WriteSettings,
): Draft<KubeObject> {
  const { object, warnings } = applyPatchTo(live, parsed, target, settings.fieldValidation, isKnownKind);
  for (const warning of warnings) scope.warn(warning);
  return object;
}

function scaleTarget(): DecodeTarget {
  return { ...scaleType, schema: builtInSchema('autoscaling.v1.Scale') };
}
