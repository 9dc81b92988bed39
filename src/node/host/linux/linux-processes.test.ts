import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RealEnvironment } from '../../../machinery/environment/real.ts';
import type { Ledger } from '../host.ts';
import { CleanUp } from './clean-up.ts';
import { LinuxHost } from './linux-host.ts';
import { LinuxProcesses } from './linux-processes.ts';
import { parseProcessStat } from './process-table.ts';

const environment = new RealEnvironment();

describe('LinuxProcesses', () => {
  let root: string;
  let host: LinuxHost;
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'stuurman-processes-'));
    host = await LinuxHost.open({ environment, dataDirectory: root, ledgerFile: join(root, 'ledger.jsonl') });
  });
  afterEach(async () => {
    expect(await new CleanUp(host, environment).tearDown({ graceMs: 200 })).toEqual([]);
    rmSync(root, { recursive: true, force: true });
  });

  const until = async (condition: () => boolean | Promise<boolean>) => {
    const deadline = environment.monotonic() + 10_000;
    while (!(await condition())) {
      if (environment.monotonic() > deadline) throw new Error('waited for nothing');
      await environment.sleep(5);
    }
  };
  const log = () => readFileSync(join(root, 'log'), 'utf8');

  test('starts a process in a session of its own, entered in the ledger, its output appended to a file', async () => {
    writeFileSync(join(root, 'log'), 'before\n');
    const handle = await host.processes.startDetached({
      name: 'talker',
      command: ['/bin/sh', '-c', 'echo "$GREETING $(ps -o sid= -p $$ | tr -d " ") $$"; echo oops >&2; exec sleep 100'],
      env: { GREETING: 'hello' },
      logFile: join(root, 'log'),
    });
    await until(() => log().includes('oops'));
    expect(log()).toBe(`before\nhello ${handle.pid} ${handle.pid}\noops\n`);
    expect(await host.ledger.entries()).toEqual([{ type: 'process', name: 'talker', handle }]);
    expect(await host.processes.isAlive(handle)).toBe(true);
    expect(await host.processes.isAlive({ ...handle, startTime: handle.startTime + 1 })).toBe(false);
    await host.processes.signal({ ...handle, startTime: 1 }, 'SIGKILL');
    expect(await host.processes.isAlive(handle)).toBe(true);
    await host.processes.signal(handle, 'SIGKILL');
    await until(async () => !(await host.processes.isAlive(handle)));
    await host.processes.signal(handle, 'SIGKILL');
    await new CleanUp(host, environment).endProcesses();
    expect(await host.ledger.entries()).toEqual([]);
  });

  test('a process that could not be entered in the ledger does nothing', async () => {
    const refusing: Ledger = { ...host.ledger, add: () => Promise.reject(new Error('disk full')) };
    const processes = new LinuxProcesses(environment, refusing);
    const started = processes.startDetached({
      name: 'writer',
      command: ['/bin/sh', '-c', `echo acted > ${root}/acted`],
      logFile: join(root, 'log'),
    });
    await expect(started).rejects.toThrow('disk full');
    await environment.sleep(50);
    expect(await host.files.stat(join(root, 'acted'))).toBeUndefined();
  });

  test('tear-down ends processes that ignore SIGTERM', async () => {
    const handle = await host.processes.startDetached({
      name: 'stubborn',
      command: ['/bin/sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done'],
      logFile: join(root, 'log'),
    });
    await until(() => log().includes('ready'));
    expect(await new CleanUp(host, environment).tearDown({ graceMs: 50 })).toEqual([]);
    expect(await host.processes.isAlive(handle)).toBe(false);
    expect(await host.ledger.entries()).toEqual([]);
  });

  test('runs a command with input and answers what it says', async () => {
    const result = await host.processes.run(['/bin/sh', '-c', 'tr a-z A-Z; echo bad >&2; exit 3'], {
      stdin: 'text',
      allowFailure: true,
    });
    expect(result).toEqual({ code: 3, stdout: 'TEXT', stderr: 'bad\n' });
  });

  test.each([
    [['/bin/sh', '-c', 'echo because >&2; exit 2'], {}, 'because >&2; exit 2: exit code 2: because'],
    [['stuurman-no-such-program'], {}, 'stuurman-no-such-program is not installed'],
    [['sleep', '60'], { timeoutMs: 20 }, 'sleep 60: timed out after 20 ms'],
    [['sleep', '60'], { signal: AbortSignal.abort(new Error('given up')) }, 'given up'],
    [['/bin/sh', '-c', 'kill -TERM $$'], {}, 'exit code 143'],
  ] as const)('%j fails with its reason', async (command, options, message) => {
    await expect(host.processes.run(command, options)).rejects.toThrow(message);
  });

  test('a signal ends a running command', async () => {
    const controller = new AbortController();
    const running = host.processes.run(['sleep', '60'], { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(running).rejects.toThrow('enough');
  });

  test('endless output is cut off', async () => {
    await expect(host.processes.run(['cat', '/dev/zero'])).rejects.toThrow('wrote more than 16777216 bytes');
  });
});

test('a process may have blanks and parentheses in its name', () => {
  const text = `42 (a) b (c) S 1 42 42 0 -1 4194560 ${Array.from({ length: 12 }, (_, index) => index).join(' ')} 987 4 5\n`;
  expect(parseProcessStat(text)).toEqual({ pid: 42, command: 'a) b (c', state: 'S', parent: 1, startTime: 987 });
});
