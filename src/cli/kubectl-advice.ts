import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const leastMinor = 31;

/** What to say of kubectl on this machine: that there is none, or that it is too old for exec and cp; undefined when all is well. */
export async function kubectlAdvice(path: string): Promise<string | undefined> {
  const found = path
    .split(':')
    .map((folder) => join(folder, 'kubectl'))
    .find((file) => existsSync(file));
  const how = 'see https://kubernetes.io/docs/tasks/tools/, or use "stuurman status"';
  if (found === undefined) return `there is no kubectl on this machine: ${how}`;
  try {
    const { stdout } = await promisify(execFile)(found, ['version', '--client', '-o', 'json']);
    const { clientVersion } = JSON.parse(stdout);
    if (Number.parseInt(clientVersion.minor, 10) >= leastMinor) return undefined;
    return `${found} is ${clientVersion.gitVersion}; exec and cp need 1.${leastMinor} or later: ${how}`;
  } catch {
    return `${found} does not say its version: ${how}`;
  }
}
