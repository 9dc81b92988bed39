import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { CleanUp } from '../../src/node/host/linux/clean-up.ts';
import { LinuxHost } from '../../src/node/host/linux/linux-host.ts';
import { resolveSubPath } from '../../src/node/volumes/sub-path.ts';

const environment = new RealEnvironment();

/** Parts of volumes to which somebody else writes at the same time, and means harm. */
describe.skipIf(inject('missing').length > 0)('parts of volumes', () => {
  let root: string;
  let host: LinuxHost;
  let attacker: ChildProcess | undefined;
  const path = (name: string) => join(root, name);
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'stuurman-parts-'));
    for (const folder of ['volume/part/etc', 'outside/etc']) mkdirSync(path(folder), { recursive: true });
    writeFileSync(path('volume/part/etc/inside'), 'public');
    writeFileSync(path('outside/etc/secret'), 'secret');
    host = await LinuxHost.open({ environment, dataDirectory: root, ledgerFile: path('ledger.jsonl') });
  });
  afterEach(async () => {
    attacker?.kill('SIGKILL');
    expect(await new CleanUp(host, environment).tearDown({ graceMs: 100 })).toEqual([]);
    rmSync(root, { recursive: true, force: true });
  });

  test('a directory and a file are bound; what they are exchanged for later is not seen', async () => {
    await host.bindWithin(path('volume'), 'part/etc', path('bound/directory'));
    await host.bindWithin(path('volume'), 'part/etc/inside', path('bound/file'));
    rmSync(path('volume/part'), { recursive: true });
    mkdirSync(path('volume/part/etc'), { recursive: true });
    expect(await host.isMounted(path('bound/directory'))).toBe(true);
    expect(readdirSync(path('bound/directory'))).toEqual([]);
    expect(Buffer.from(await host.files.read(path('bound/file'))).toString()).toBe('public');
    for (const each of ['directory', 'file']) await host.unmount(path(`bound/${each}`));
  });

  test('whoever exchanges directories for links all the time never leads out of the volume', async () => {
    const script = 'while :; do mv part old; ln -s ../outside part; rm part; mv old part; done';
    attacker = spawn('sh', ['-c', script], { cwd: path('volume'), stdio: 'ignore' });
    let bound = 0;
    for (let round = 0; round < 150; round++) {
      const target = path(`bound/${round}`);
      try {
        const found = await resolveSubPath(host.files, path('volume'), 'part/etc');
        await host.bindWithin(path('volume'), found, target);
        expect(readdirSync(target)).not.toContain('secret');
        bound++;
      } catch (error) {
        expect((error as Error).message).toMatch(/link|not within volume|ENOENT|ENOTDIR|ELOOP/);
      }
      await host.unmount(target);
    }
    expect(bound).toBeGreaterThan(0);
    await host.files
      .makeWithin(path('volume'), 'part/etc/made', 0o755)
      .catch((error: Error) => expect(error.message).toMatch(/link|ENOENT|ENOTDIR|ELOOP/));
    expect(existsSync(path('outside/etc/made'))).toBe(false);
    expect(readdirSync(path('outside/etc'))).toEqual(['secret']);
  });
});
