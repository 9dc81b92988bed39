import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Ask } from '../../test/reference/ask.ts';
import { fieldErrorsOf, rewrite, tidy, type WriteOutcome, write } from '../../test/reference/write.ts';

const folder = new URL('../../test/reference/resources/', import.meta.url);

/** The one fault that Kubernetes lets a new object have, and no update: a node with the same address twice. */
const refusedLater = 'addresses twice';

for (const file of readdirSync(folder).sort()) {
  const asks = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as readonly Ask[];
  describe(file, () => {
    test.each(asks.map((ask) => [ask.what, ask] as const))('%s', (_what, ask) => {
      const outcome: WriteOutcome = write(ask);
      if (ask.answer?.message === undefined)
        expect(outcome.object ?? outcome.message).toEqual(tidy(ask.answer?.object));
      else expect(outcome.message ?? outcome.object).toBe(fieldErrorsOf(ask.answer.message));
      // What is refused is warned about by admission and by the server, not by the definition.
      if (ask.answer?.message === undefined) expect(outcome.warnings).toEqual(ask.answer?.warnings ?? []);
    });

    const accepted = asks.filter(
      ({ what, answer, old }) => answer?.object !== undefined && old === undefined && what !== refusedLater,
    );
    if (accepted.length > 0)
      test('what was accepted may stay as it is', () => {
        for (const ask of accepted) expect([ask.what, ...rewrite(ask)]).toEqual([ask.what]);
      });
  });
}
