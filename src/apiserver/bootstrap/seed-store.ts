import type { Environment } from '../../machinery/environment/environment.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Store } from '../../store/store.ts';

/** One key of the store with what is stored there. */
interface StoredText {
  readonly key: string;
  readonly text: string;
}

const nilUid = '00000000-0000-0000-0000-000000000000';
const epoch = '1970-01-01T00:00:00Z';

/** Reads a text of `*-entries.generated.ts`: a line for each key, as a server stores it that creates it at the epoch and knows no uid but nil. */
export function generatedEntries(text: string): readonly StoredText[] {
  return text.split('\n').map((line) => {
    const space = line.indexOf(' ');
    return { key: line.slice(0, space), text: line.slice(space + 1) };
  });
}

/**
 * Gives a store that has none of them the objects of these texts, all or none, byte for byte as if each were created through the API now:
 * that would take half of the time in which a cluster in a test is ready. False: some are there already.
 */
export async function seedStore(
  store: Store,
  environment: Pick<Environment, 'id' | 'now'>,
  texts: readonly string[],
): Promise<boolean> {
  const entries = texts.flatMap(generatedEntries);
  const [first] = entries;
  if (first === undefined || (await store.get(first.key)).entry !== undefined) return false;
  const now = formatTime(environment.now());
  const encoder = new TextEncoder();
  const { succeeded } = await store.commit({
    compare: entries.map(({ key }) => ({ key, modRevision: 0 })),
    operations: entries.map(({ key, text }) => {
      const value = encoder.encode(text.replace(nilUid, environment.id()).replaceAll(epoch, now));
      return { type: 'put', key, value };
    }),
  });
  return succeeded;
}
