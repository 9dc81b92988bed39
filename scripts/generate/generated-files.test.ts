import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generatedFiles } from './generated-files.ts';
import { grpcFiles } from './grpc-files.ts';
import { bootstrapFiles, ownFiles } from './stored-entries.ts';

test.each([
  ['src/resources/schema', generatedFiles],
  ['src/node/runtime/cri/generated', grpcFiles],
  ['src/apiserver/bootstrap', bootstrapFiles],
  ['src/cluster/control-plane', ownFiles],
])(
  'the generated files in %s are what the facts give; run `node scripts/generate/main.ts` when they are not',
  async (name, generate) => {
    const folder = new URL(`../../${name}/`, import.meta.url);
    const expected = await generate();
    const committed = readdirSync(folder).filter((file) => file.endsWith('.generated.ts'));
    expect(committed.sort()).toEqual([...expected.keys()].sort());
    for (const [file, text] of expected) expect(readFileSync(new URL(file, folder), 'utf8') === text, file).toBe(true);
  },
);
