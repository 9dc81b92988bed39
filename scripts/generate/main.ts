/** `node scripts/generate/main.ts`: writes every `*.generated.ts` from facts/. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { generatedFiles } from './generated-files.ts';
import { grpcFiles } from './grpc-files.ts';

write('../../src/resources/schema/', generatedFiles());
write('../../src/node/runtime/cri/generated/', grpcFiles());
// A server stores these, by the schemas that have just been written.
const { bootstrapFiles, ownFiles } = await import('./stored-entries.ts');
write('../../src/apiserver/bootstrap/', await bootstrapFiles());
write('../../src/cluster/control-plane/', await ownFiles());

function write(folder: string, files: ReadonlyMap<string, string>): void {
  const url = new URL(folder, import.meta.url);
  mkdirSync(url, { recursive: true });
  for (const [name, text] of files) writeFileSync(new URL(name, url), text);
}
