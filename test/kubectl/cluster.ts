import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { freePort, Stuurman } from './stuurman.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the kubeconfig of the cluster that all tests share. */
    readonly kubeconfig: string;
    readonly dataDirectory: string;
    /** For what tests leave; removed after them. */
    readonly folder: string;
    readonly port: number;
  }
}

/** Starts one cluster for all tests, and takes it down after them: with code 0, and nothing left running. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'stuurman-kubectl-'));
  const dataDirectory = join(folder, 'data');
  const port = await freePort();
  const args = ['up', '--runtime', 'simulated', '--simulated', '2', '--data-dir', dataDirectory, '--port', `${port}`];
  const stuurman = new Stuurman(args);
  await stuurman.ready();
  project.provide('kubeconfig', join(dataDirectory, 'admin.kubeconfig'));
  project.provide('folder', folder);
  project.provide('dataDirectory', dataDirectory);
  project.provide('port', port);
  return async () => {
    const { code, stderr } = await stuurman.end();
    const problems = [
      ...(code === 0 ? [] : [`it ended with code ${code}: ${stderr}`]),
      ...(existsSync(join(dataDirectory, 'server.json')) ? ['it left server.json behind'] : []),
      ...((await listens(port)) ? [`something still listens on port ${port}`] : []),
    ];
    rmSync(folder, { recursive: true, force: true });
    if (problems.length > 0) throw new Error(`the cluster was not taken down well: ${problems.join('; ')}`);
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
