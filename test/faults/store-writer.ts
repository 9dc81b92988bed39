/** `node store-writer.ts FILE WRITERS`: writes counters for ever, and prints a line for each write that was acknowledged. */
import { writeSync } from 'node:fs';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { put } from '../suites/store-values.ts';

const [file = '', writers = '1'] = process.argv.slice(2);
const store = await SqliteStore.open({ file, environment: new RealEnvironment() });

async function count(writer: number): Promise<never> {
  for (let value = 1; ; value++) {
    const revision = await put(store, `/count/${writer}`, `${value}`);
    writeSync(1, `${writer} ${value} ${revision}\n`);
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => count(writer)));
