import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';

const folder = '/run/lock';

/**
 * Waits until nobody on this machine has the lock of this name. The kernel gives it back when we end, however we end: `flock` holds it as
 * long as its standard input is open. Answers what gives it back earlier.
 */
export async function takeLock(name: string): Promise<() => void> {
  mkdirSync(folder, { recursive: true });
  const path = `${folder}/${name}.lock`;
  const holder = spawn('flock', [path, 'sh', '-c', 'echo held; cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    holder.once('error', reject);
    holder.once('exit', () => reject(new Error(`cannot take the lock ${path}`)));
    holder.stdout.once('data', () => resolve());
  });
  return () => {
    holder.stdin.end();
  };
}
