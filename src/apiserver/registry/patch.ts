import type { Draft, KubeObject } from '../../machinery/object.ts';
import { applyPatchTo, type ParsedPatch } from '../../machinery/patch/patch.ts';
import type { DecodeTarget } from '../../machinery/schema/decode.ts';
import { notFound } from '../../machinery/status-errors.ts';
import { builtInSchemas } from '../../resources/schema/schema-table.ts';
import { isKnownKind } from './known-kinds.ts';
import { fromScale, type Scale, scaleType, toScale } from './scale.ts';
import { type Transform, type UpdateResult, update } from './update.ts';
import type { WriteScope, WriteSettings } from './write-scope.ts';

/** PATCH of the three kinds that turn the live object into a new one: JSON, merge and strategic. */
export function patch(scope: WriteScope, parsed: ParsedPatch, settings: WriteSettings): Promise<UpdateResult> {
  const { definition } = scope.resource;
  const scale = scope.info.subresource === 'scale' ? definition.scale : undefined;
  const patched: Transform = (live) => {
    if (live === undefined) throw notFound(definition.type, scope.info.name);
    if (scale === undefined) return patchObject(scope, live, parsed, settings);
    const wanted = decodePatched(scope, toScale(scale, live), parsed, scaleTarget(), settings);
    return fromScale(scale, wanted as Draft<Scale>, live);
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
  return object;
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
  const schema = builtInSchemas.get('autoscaling.v1.Scale');
  if (schema === undefined) throw new Error('the schema table has no Scale');
  return { ...scaleType, schema };
}
