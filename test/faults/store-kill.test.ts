import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { text } from '../suites/store-values.ts';

const writers = 8;
const writer = fileURLToPath(new URL('./store-writer.ts', import.meta.url));

/** Runs the writer until it has acknowledged about `writes`, kills it, and answers the last acknowledged value of each counter. */
async function writeAndKill(file: string, writes: number): Promise<{ values: number[]; revision: number }> {
  const child = spawn(process.execPath, [writer, file, `${writers}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let lines = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
    lines += chunk.toString().split('\n').length - 1;
    if (lines >= writes) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const values = new Array<number>(writers).fill(0);
  let revision = 0;
  for (const line of output.slice(0, output.lastIndexOf('\n')).split('\n')) {
    const [counter = 0, value = 0, at = 0] = line.split(' ').map(Number);
    values[counter] = value;
    revision = Math.max(revision, at);
  }
  return { values, revision };
}

test('nothing that was acknowledged is lost when the process is killed amid writes', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'stuurman-kill-'));
  const file = join(directory, 'state.db');
  try {
    for (const writes of [50, 400, 1500]) {
      const acknowledged = await writeAndKill(file, writes);
      const store = await SqliteStore.open({ file, environment: new RealEnvironment() });
      expect(await store.currentRevision()).toBeGreaterThanOrEqual(acknowledged.revision);
      for (const [counter, value] of acknowledged.values.entries()) {
        const { entry } = await store.get(`/count/${counter}`);
        // At most the one write that was under way may be there beyond what was acknowledged.
        expect([value, value + 1]).toContain(Number(text(entry?.value)));
      }
      await store.close();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
