import {
  apiTypes,
  type ColumnsFact,
  type DiscoveryFact,
  type FieldSelectorFact,
  readFacts,
  type TypeFact,
} from './facts.ts';
import { resourceFactsFile, resourceTypesFile } from './resources.ts';
import { schemaTable } from './table.ts';
import { typeFiles } from './typescript.ts';

/** Every generated file by its name in src/resources/schema. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const types = readFacts<TypeFact>('types');
  const discovery = readFacts<DiscoveryFact>('discovery');
  const reached = apiTypes(types, discovery);
  return new Map([
    ...typeFiles(reached),
    ['table.generated.ts', schemaTable(reached)],
    ['resource-types.generated.ts', resourceTypesFile(types, discovery)],
    [
      'resource-facts.generated.ts',
      resourceFactsFile(
        types,
        discovery,
        readFacts<ColumnsFact>('table-columns'),
        readFacts<FieldSelectorFact>('field-selectors'),
      ),
    ],
  ]);
}
