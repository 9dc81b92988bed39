import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ShownRow } from '../../test/reference/shown-row.ts';
import { definitionAt } from '../../test/reference/write.ts';

const folder = new URL('../../test/reference/rows/', import.meta.url);

for (const file of readdirSync(folder).sort()) {
  const rows = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as readonly ShownRow[];
  describe(file, () => {
    test.each(rows.map((row) => [row.what, row] as const))('%s', (_what, { path, answer }) => {
      if (answer === undefined) throw new Error('not recorded');
      const definition = definitionAt(path);
      expect(definition.row(answer.object, Date.parse(answer.time))).toEqual(answer.cells);
      expect(definition.columns).toHaveLength(answer.cells.length);
    });
  });
}
