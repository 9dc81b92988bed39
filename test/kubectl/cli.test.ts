import { execFile } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { wholeValueOf } from '../../src/machinery/quantity.ts';
import { Kubectl } from './kubectl.ts';
import { freePort, Stuurman } from './stuurman.ts';

const execute = promisify(execFile);
const folder = join(inject('folder'), 'cli');
/** A cluster that has been ended in order. */
const ended = join(folder, 'ended');
let port: number;

const common = (directory: string) => ['--runtime', 'simulated', '--data-dir', directory, '--port', `${port}`];

/** Refused: one line that says why, code 1, and no server left. */
async function refusal(directory: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Stuurman(['up', ...common(directory), ...args]).ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).not.toContain('    at ');
  expect(existsSync(join(directory, 'server.json'))).toBe(false);
  return stderr.slice(stderr.indexOf('error: ')).trim();
}

function copy(name: string): string {
  const directory = join(folder, name);
  cpSync(ended, directory, { recursive: true });
  for (const file of ['state.db-wal', 'state.db-shm']) rmSync(join(directory, file), { force: true });
  return directory;
}

beforeAll(async () => {
  port = await freePort();
  const stuurman = new Stuurman(['up', ...common(ended)]);
  await stuurman.ready();
  expect((await stuurman.end()).code).toBe(0);
});

test('options that make no sense are refused before anything starts', async () => {
  const none = join(folder, 'none');
  expect(await refusal(none, '--simulated', '-1')).toBe(
    'error: --simulated takes a whole number from 0 to 10000, not "-1"',
  );
  expect(await refusal(none, '--bogus')).toMatch(/^error: unknown option '--bogus'/);
  expect(await refusal(none, '--port', '99999')).toBe(
    'error: --port takes a whole number from 1 to 65535, not "99999"',
  );
  expect(await refusal(none, '--node-monitor-grace-period', '5s')).toBe(
    'error: --node-monitor-grace-period takes 15s or more, not "5s": nodes tell every 10s that they live',
  );
  expect(await refusal(none, '--runtime', 'nope')).toContain('Allowed choices are auto, containerd, simulated.');
  expect(await refusal(none, '-f', '/none.yaml')).toBe('error: the manifest /none.yaml does not exist');
  const kind = join(folder, 'kind.yaml');
  writeFileSync(kind, '{apiVersion: apps/v1, kind: Pod, metadata: {name: a}}');
  expect(await refusal(none, '-f', kind)).toBe(
    `error: ${kind}: no matches for kind "Pod" in version "apps/v1" (object a)`,
  );
  for (const range of ['nonsense', '10.0.0.0/30'])
    expect(await refusal(none, '--pod-cidr', range)).toBe(
      `error: --pod-cidr takes an IPv4 range from /8 to /24, such as 10.244.0.0/16, not "${range}": every node takes a /24 for its pods`,
    );
  expect(await refusal(none, '--service-cidr', '10.0.0.0/31')).toMatch(/^error: --service-cidr takes an IPv4 range/);
  expect(await refusal(none, '--pod-cidr', '10.0.0.0/16', '--service-cidr', '10.0.1.0/24')).toBe(
    'error: --pod-cidr 10.0.0.0/16 and --service-cidr 10.0.1.0/24 overlap: pods and services need ranges of their own',
  );
  expect(existsSync(none)).toBe(false);
});

test("a directory that is somebody else's is left alone, and so is the folder where a user is", async () => {
  const home = join(folder, 'home');
  mkdirSync(home);
  writeFileSync(join(home, 'letter.txt'), 'dear');
  expect(await refusal(home)).toBe(
    `error: ${home} holds no cluster, but other things (letter.txt): give an empty directory with --data-dir, or one that is not there yet`,
  );
  expect(readdirSync(home)).toEqual(['letter.txt']);
  for (const command of ['up', 'down', 'status']) {
    const { code, stderr } = await new Stuurman([command, '--data-dir', '']).ended;
    expect([code, stderr]).toEqual([1, 'error: --data-dir takes a directory, not an empty text\n']);
  }
});

test('a machine that joined a cluster starts none in the directory of its node', async () => {
  const joined = join(folder, 'joined');
  mkdirSync(joined);
  writeFileSync(join(joined, 'joined.json'), JSON.stringify({ format: 1, nodeName: 'far' }));
  expect(await refusal(joined)).toMatch(/^error: \S+joined is that of the node far of a cluster elsewhere: /);
  expect(readdirSync(joined)).toEqual(['joined.json']);
});

test('ranges are for a first start', async () => {
  const { podRange } = JSON.parse(readFileSync(join(ended, 'cluster.json'), 'utf8'));
  expect(await refusal(copy('ranges'), '--pod-cidr', '10.99.0.0/16')).toBe(
    `error: --pod-cidr 10.99.0.0/16 is for a first start: this cluster has ${podRange}, for good`,
  );
});

test('a directory that cannot be one is named', async () => {
  expect(await refusal('/dev/null/x')).toMatch(/^error: the data directory \/dev\/null\/x cannot be used \(ENOTDIR: /);
});

test('a port that is in use is named, and the cluster starts elsewhere afterwards', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '0.0.0.0', resolve));
  onTestFinished(() => {
    server.close();
  });
  expect(await refusal(copy('port'))).toBe(
    `error: cannot listen on 0.0.0.0:${port}: the address is in use by another process`,
  );
});

test('a data directory serves one cluster at a time', async () => {
  const directory = inject('dataDirectory');
  const { code, stderr } = await new Stuurman(['up', ...common(directory)]).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(new RegExp(`^error: the cluster in ${directory} runs already \\(process \\d+, https://`));
  expect(existsSync(join(directory, 'server.json'))).toBe(true);
});

test('a cluster that is being started can be taken down, and then nothing of it is left', async () => {
  const directory = copy('starting');
  const starting = new Stuurman(['up', ...common(directory)]);
  await expect.poll(() => existsSync(join(directory, 'server.json')), { interval: 1, timeout: 30_000 }).toBe(true);
  const down = await new Stuurman(['down', '--purge', '--data-dir', directory]).ended;
  expect(down).toEqual({ code: 0, stdout: '', stderr: 'The cluster and its state are gone.\n' });
  await starting.ended;
  expect(existsSync(directory)).toBe(false);
});

test('a reader that has seen enough is no error', async () => {
  const command = `"$0" "$1" logs --data-dir "$2" | true; echo "\${PIPESTATUS[0]}"`;
  const start = fileURLToPath(new URL('../../src/cli/start.ts', import.meta.url));
  const directory = copy('read');
  writeFileSync(join(directory, 'logs', 'server.log'), 'a line\n'.repeat(100_000));
  const { stdout, stderr } = await execute('bash', ['-c', command, process.execPath, start, directory]);
  expect([stdout, stderr]).toEqual(['0\n', '']);
});

test('damaged state is named, and left as it is', async () => {
  const directory = copy('damaged');
  writeFileSync(join(directory, 'state.db'), 'this is no database, whatever it is '.repeat(500));
  expect(await refusal(directory)).toMatch(/^error: \S+state\.db is damaged \(file is not a database\): restore it/);
  expect(readFileSync(join(directory, 'state.db'), 'utf8')).toMatch(/^this is no database/);
});

test('damaged keys and identities are named', async () => {
  const keys = copy('keys');
  writeFileSync(join(keys, 'pki', 'ca.crt'), 'junk');
  expect(await refusal(keys)).toMatch(/^error: \S+ca\.crt, or the key beside it, is damaged \(no certificate/);
  const identity = copy('identity');
  appendFileSync(join(identity, 'cluster.json'), '{');
  expect(await refusal(identity)).toMatch(/^error: \S+cluster\.json is damaged: restore it from a backup/);
  const purge = await new Stuurman(['down', '--purge', '--data-dir', identity]).ended;
  expect(purge).toEqual({ code: 0, stdout: '', stderr: 'The cluster and its state are gone.\n' });
  expect(existsSync(identity)).toBe(false);
});

test('what a newer version wrote is left to it', async () => {
  const identity = copy('newer-identity');
  const file = join(identity, 'cluster.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), format: 99 }));
  expect(await refusal(identity)).toMatch(
    /^error: \S+cluster\.json has format 99, and this version of Stuurman reads up to 1/,
  );
  const state = copy('newer-state');
  const database = new DatabaseSync(join(state, 'state.db'));
  database.exec('PRAGMA user_version = 99');
  database.close();
  expect(await refusal(state)).toMatch(
    /^error: \S+state\.db has format 99, and this version of Stuurman reads up to 1/,
  );
});

test('a manifest that cannot be applied ends the start', async () => {
  const file = join(folder, 'broken.yaml');
  writeFileSync(file, 'apiVersion: v1\nkind: ConfigMap\n  metadata: {name: x}\n');
  expect(await refusal(copy('broken'), '-f', file)).toBe(
    `error: ${file} is no valid YAML: line 3, column 11: bad indentation of a mapping entry`,
  );
});

test('a command that detaches says once what there is to say, and how the cluster is ended', async () => {
  const where = ['--data-dir', copy('detached'), '--port', `${port}`];
  const { code, stderr } = await new Stuurman(['up', '--detach', ...where], { ...process.env, PATH: '' }).ended;
  expect((await new Stuurman(['down', ...where.slice(0, 2)]).ended).code).toBe(0);
  expect(code).toBe(0);
  expect(stderr.match(/containers are simulated/g)).toHaveLength(1);
  expect(stderr).not.toContain('Ctrl-C');
  expect(stderr).toMatch(/\n\nstuurman down ends the cluster; its state stays for the next "stuurman up"\.\n$/);
});

test('what nodes keep from pods is checked, holds for every node, and is kept for the next start', async () => {
  const none = join(folder, 'no-limits');
  expect(await refusal(none, '--system-reserved', 'gpu=1')).toBe(
    'error: --system-reserved: cannot reserve "gpu" resource: there are cpu, memory, ephemeral-storage, pid',
  );
  expect(await refusal(none, '--eviction-hard', 'memory.available=1Gi')).toBe(
    'error: --eviction-hard: malformed pair, expect string<string, not "memory.available=1Gi"',
  );
  expect(await refusal(none, '--eviction-soft', 'memory.available<1Gi')).toBe(
    'error: --eviction-soft: grace period must be specified for the soft eviction threshold memory.available',
  );
  expect(existsSync(none)).toBe(false);
  const directory = copy('limits');
  let starts = 0;
  const allocatable = async (...args: readonly string[]) => {
    const stuurman = new Stuurman(['up', ...common(directory), ...args]);
    await stuurman.ready();
    const kubectl = await Kubectl.inNamespace(`limits-${starts++}`, join(directory, 'admin.kubeconfig'));
    const path = '{.status.capacity.memory} {.status.allocatable.memory} {.status.allocatable.cpu}';
    const told = await kubectl.get(['get', 'node', 'simulated-0', '-o', `jsonpath=${path}`]);
    expect((await stuurman.end()).code).toBe(0);
    const [capacity = '', left = '', cpu] = told.split(' ');
    return [wholeValueOf(capacity) - wholeValueOf(left), cpu];
  };
  const [kept] = await allocatable();
  expect(kept).toBe(100 * 2 ** 20);
  const asked = [
    '--system-reserved',
    'memory=1Gi',
    '--kube-reserved',
    'cpu=500m',
    '--eviction-hard',
    'memory.available<1Gi',
  ];
  expect(await allocatable(...asked)).toEqual([2 * 2 ** 30, '3500m']);
  expect(await allocatable()).toEqual([2 * 2 ** 30, '3500m']);
  expect(await allocatable('--system-reserved', '')).toEqual([2 ** 30, '3500m']);
});
