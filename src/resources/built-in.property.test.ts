import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryObject } from '../../test/reference/arbitrary-object.ts';
import { type Draft, draft, type KubeObject } from '../machinery/object.ts';
import { groupResource } from '../machinery/resource-type.ts';
import { normalise } from '../machinery/schema/normalise.ts';
import { builtInDefinitions } from './built-in.ts';
import type { ResourceDefinition } from './definition.ts';
import { equal } from './equal.ts';

const context = {
  now: Date.parse('2026-01-01T00:00:00Z'),
  user: { username: 'admin', groups: ['system:masters'], extra: {} },
  newId: () => 'b6a2f4de-0000-4000-8000-000000000000',
};

describe.each(builtInDefinitions.map((definition) => [groupResource(definition.type), definition] as const))(
  '%s',
  (_name, definition) => {
    const objects = arbitraryObject(definition.schema).map((object) => decode(definition, object));

    test('defaults set twice are defaults set once', () => {
      fc.assert(
        fc.property(objects, (object) => {
          const once = draft(object);
          definition.setDefaults(once);
          const twice = draft(once as KubeObject);
          definition.setDefaults(twice);
          expect(twice).toEqual(once);
        }),
        { numRuns: 25 },
      );
    });

    test('what the server stores, it would store again', () => {
      fc.assert(
        fc.property(objects, (object) => {
          const stored = create(definition, object);
          const again = draft(stored);
          definition.setDefaults(again);
          expect(equal(again, stored)).toBe(true);
        }),
        { numRuns: 25 },
      );
    });

    test('no object makes it throw', () => {
      fc.assert(
        fc.property(objects, objects, (one, other) => {
          const old = create(definition, one);
          definition.validate(old);
          definition.warnings?.(old, undefined);
          definition.row(old, context.now);
          for (const read of Object.values(definition.selectableFields)) expect(read(old)).toBeTypeOf('string');
          for (const view of [definition, definition.status, ...Object.values(definition.views ?? {})]) {
            if (view === undefined) continue;
            const changed = draft(other);
            definition.setDefaults(changed);
            view.prepareForUpdate?.(changed, old, context);
            view.validateUpdate(changed as KubeObject, old, context);
          }
          definition.changesGeneration?.(old, create(definition, other));
          definition.gracePeriodSeconds?.(old, undefined);
        }),
        { numRuns: 25 },
      );
    });
  },
);

function decode(definition: ResourceDefinition, object: KubeObject): KubeObject {
  return normalise(definition.schema, object).value as unknown as KubeObject;
}

function create(definition: ResourceDefinition, object: KubeObject): KubeObject {
  const result: Draft<KubeObject> = draft(object);
  definition.setDefaults(result);
  definition.prepareForCreate?.(result, context);
  return result as KubeObject;
}
