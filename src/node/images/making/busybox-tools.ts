import { join } from 'node:path';
import type { Processes } from '../../host/host.ts';
import { type LayerEntry, link } from './layer-entry.ts';
import { PackageTree } from './package-tree.ts';

/** The package of a BusyBox that needs no libraries. */
export const busyboxPackage = 'busybox-static';

/** A shell and the usual small tools: one program, and a link for each of its names. */
export async function busyboxTools(processes: Pick<Processes, 'run'>, root: string): Promise<readonly LayerEntry[]> {
  const tree = new PackageTree(root);
  await tree.take('/usr/bin/busybox');
  const [program] = tree.entries();
  if (program?.type !== 'file' || program.content instanceof Uint8Array) throw new Error('the package has no busybox');
  const { stdout } = await processes.run([join(program.content.source), '--list'], { timeoutMs: 10_000 });
  const names = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
  return [program, ...names.map((name) => link(`/usr/bin/${name}`, 'busybox'))];
}
