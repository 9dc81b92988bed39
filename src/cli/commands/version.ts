import { dump } from 'js-yaml';
import { serverVersion, version } from '../../cluster/server/version.ts';
import { print } from '../output.ts';

/** `stuurman version`. */
export function printVersion({ output }: { readonly output?: 'json' | 'yaml' }): void {
  const facts = { version, kubernetes: serverVersion, node: process.version };
  if (output === 'json') print(JSON.stringify(facts, undefined, 2));
  else if (output === 'yaml') print(dump(facts));
  else print(`stuurman ${version} (Kubernetes ${serverVersion}, Node ${process.version})`);
}
