import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kubernetesArchitecture } from '../../host/linux/host-info.ts';
import { readElf } from './elf.ts';
import { pauseProgram } from './pause-program.ts';

describe('the sandbox program', () => {
  test.each(['amd64', 'arm64'])('of %s is a small static executable', (architecture) => {
    const program = pauseProgram(architecture);
    expect(program.length).toBeLessThan(300);
    expect(readElf(program)).toEqual({ needed: [], runPath: [], interpreter: undefined });
  });

  // Both were run: amd64 on a machine, arm64 in an emulator. Whoever changes the code runs it again.
  test('has not been changed by chance', () => {
    const digest = (architecture: string) =>
      createHash('sha256').update(pauseProgram(architecture)).digest('hex').slice(0, 16);
    expect([digest('amd64'), digest('arm64')]).toEqual(['07a364dec79b3a29', '04e8120b0a7bf359']);
  });

  test.runIf(process.platform === 'linux').each(['SIGTERM', 'SIGINT'] as const)(
    'waits, and ends well at %s',
    async (signal) => {
      const folder = mkdtempSync(join(tmpdir(), 'stuurman-pause-'));
      try {
        const path = join(folder, 'pause');
        writeFileSync(path, pauseProgram(kubernetesArchitecture(process.arch)), { mode: 0o755 });
        const child = spawn(path, { stdio: 'ignore' });
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(child.exitCode).toBeNull();
        child.kill('SIGCHLD');
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(child.exitCode).toBeNull();
        const ended = new Promise((resolve) => child.once('exit', (code, by) => resolve([code, by])));
        child.kill(signal);
        expect(await ended).toEqual([0, null]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  test('an architecture without one is named', () => {
    expect(() => pauseProgram('s390x')).toThrow('there is no sandbox program for s390x');
  });
});
