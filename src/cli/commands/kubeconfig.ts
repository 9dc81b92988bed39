import { existsSync, readFileSync } from 'node:fs';
import { readIdentity } from '../../cluster/files/cluster-identity.ts';
import { dataDirectoryOf } from '../data-directory-of.ts';
import { print } from '../output.ts';

/** `stuurman kubeconfig`. */
export function kubeconfig(options: { readonly dataDir?: string }): void {
  const directory = dataDirectoryOf(options);
  readIdentity(directory);
  if (!existsSync(directory.kubeconfig))
    throw new Error(`the cluster in ${directory.path} has not been up yet: start it with "stuurman up"`);
  print(readFileSync(directory.kubeconfig, 'utf8'));
}
