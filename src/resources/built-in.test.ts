import { describe, expect, test } from 'vitest';
import { groupResource } from '../machinery/resource-type.ts';
import { builtInDefinitions } from './built-in.ts';
import { resourceFacts } from './schema/resource-facts.generated.ts';

const always = ['metadata.name', 'metadata.namespace'];

describe.each(builtInDefinitions.map((definition) => [groupResource(definition.type), definition] as const))(
  '%s',
  (_name, definition) => {
    const fact = resourceFacts.find(
      ({ group, resource }) => group === definition.type.group && resource === definition.type.resource,
    );

    test('accepts the field labels of Kubernetes', () => {
      const labels = fact?.fieldLabels.filter((label) => !always.includes(label));
      expect(Object.keys(definition.selectableFields)).toEqual(labels);
      const empty = { metadata: {}, spec: {}, status: {}, involvedObject: {}, roleRef: {} };
      for (const read of Object.values(definition.selectableFields)) expect(read(empty)).toBeTypeOf('string');
    });

    test('has a view for every subresource that shows the object', () => {
      const views = fact?.subresources.filter(
        ({ kind, verbs }) => kind === definition.type.kind && verbs.includes('update'),
      );
      const own = [...(definition.status ? ['status'] : []), ...Object.keys(definition.views ?? {})];
      expect(own.sort()).toEqual(views?.map(({ name }) => name).sort());
    });

    test('is kept under a prefix of its own', () => {
      if (fact?.verbs.includes('get')) expect(definition.storage?.keyPrefix).toMatch(/^\/registry\/([a-z0-9.]+\/)+$/);
      else expect(definition.storage).toBeUndefined();
    });
  },
);
