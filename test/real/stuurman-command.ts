import { join } from 'node:path';

const program = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

/** The words that run a command of `stuurman` as it stands here, for what is in a directory. */
export function stuurmanCommand(command: readonly string[], directory: string): readonly string[] {
  return [process.execPath, program, ...command, '--data-dir', directory];
}
