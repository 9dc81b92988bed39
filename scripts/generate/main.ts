/** `node scripts/generate/main.ts`: writes every `*.generated.ts` under src/resources/schema from facts/. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { generatedFiles } from './generated-files.ts';

const folder = new URL('../../src/resources/schema/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, text] of generatedFiles()) writeFileSync(new URL(name, folder), text);
