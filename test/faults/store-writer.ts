/** `node store-writer.ts FILE WRITERS`: writes counters for ever, and prints a line for each write that was acknowledged. */
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { put } from '../suites/store-values.ts';

const [file = '', writers = '1'] = process.argv.slice(2);
const store = await SqliteStore.open({ file, environment: new RealEnvironment() });

async function count(writer: number): Promise<never> {
  for (let value = 1; ; value++) {
    const revision = await put(store, `/count/${writer}`, `${value}`);
    // Who reads may be behind: a pipe that is full takes it later.
    await new Promise((resolve) => process.stdout.write(`${writer} ${value} ${revision}\n`, resolve));
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => count(writer)));
