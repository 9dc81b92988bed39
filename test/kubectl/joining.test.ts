import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { Stuurman } from './stuurman.ts';

const nowhere = join(inject('folder'), 'nowhere');
const token = 'abcdef.0123456789abcdef';
const hash = `sha256:${'0'.repeat(64)}`;

/** What a command of this cluster prints. */
async function done(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(inject('dataDirectory'), args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('error:') });
  return stdout === '' ? stderr : stdout;
}

/** Refused: one line that says why, code 1, nothing printed. */
async function refusal(directory: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(directory, args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).not.toContain('    at ');
  return stderr.slice(stderr.indexOf('error: ')).trim();
}

function run(directory: string, args: readonly string[]) {
  return new Stuurman([...args, '--data-dir', directory]).ended;
}

test('join takes an address, a token and a hash, or none of them where the machine has joined before', async () => {
  const all = 'error: joining takes HOST:PORT, --token and --ca-hash: "stuurman token create --print-join-command"';
  expect(await refusal(nowhere, 'join', '10.0.0.1:6443')).toContain(all);
  expect(await refusal(nowhere, 'join', '10.0.0.1:6443', '--token', token)).toContain(all);
  expect(await refusal(nowhere, 'join', '--token', token, '--ca-hash', hash)).toContain(all);
  expect(await refusal(nowhere, 'join')).toMatch(/^error: this machine has joined no cluster in \S+nowhere: "stuurman/);
  expect(await refusal(nowhere, 'join', 'http://x', '--token', token, '--ca-hash', hash)).toBe(
    'error: "http://x" is not where an API is: give HOST:PORT, such as 192.168.1.10:6443',
  );
  expect(await refusal(nowhere, 'join', '--port', '0')).toBe(
    'error: --port takes a whole number from 1 to 65535, not "0"',
  );
  expect(await refusal(nowhere, 'join', '--bogus')).toMatch(/^error: unknown option '--bogus'/);
  const server = inject('dataDirectory');
  expect(await refusal(server, 'join', 'a:1', '--token', token, '--ca-hash', hash)).toBe(
    `error: ${server} is that of a cluster's server, whose machine is a node already: give another one with --data-dir`,
  );
  expect(existsSync(nowhere)).toBe(false);
});

test('leave is for machines that have joined', async () => {
  expect(await refusal(nowhere, 'leave')).toBe(
    `error: this machine has joined no cluster in ${nowhere}: give the directory with --data-dir`,
  );
  const server = inject('dataDirectory');
  expect(await refusal(server, 'leave')).toBe(
    `error: ${server} is that of a cluster's server: "stuurman down" ends the cluster`,
  );
  expect(existsSync(nowhere)).toBe(false);
});

test('tokens are made, listed with the time they have left, and deleted', async () => {
  const made = (await done('token', 'create', '--ttl', '90m', '--description', 'for a test')).trim();
  expect(made).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
  const forever = JSON.parse(await done('token', 'create', '--ttl', '0', '-o', 'json'));
  expect(forever.expires).toBeUndefined();
  expect(forever.joinCommand).toMatch(/^stuurman join \S+:\d+ --token [a-z0-9.]{23} --ca-hash sha256:[0-9a-f]{64}$/);
  expect(await done('token', 'create', '--print-join-command', '--ttl', '1h')).toMatch(/^stuurman join /);
  const listed = await done('token', 'list');
  expect(listed).toMatch(/^TOKEN +TTL +EXPIRES +USAGES +DESCRIPTION +EXTRA GROUPS\n/);
  expect(listed).toMatch(new RegExp(`${made} +89m +\\S+Z +authentication,signing +for a test +system:bootstrappers:`));
  expect(listed).toMatch(new RegExp(`${forever.token} +<forever> +<never> `));
  expect(await done('token', 'delete', made, forever.token.slice(0, 6))).toBe(
    `deleted token ${made.slice(0, 6)}\ndeleted token ${forever.token.slice(0, 6)}\n`,
  );
  expect(await done('token', 'list', '-o', 'yaml')).not.toContain(made);
});

test('what is no token, and no time, is said', async () => {
  const server = inject('dataDirectory');
  for (const ttl of ['soon', '-5m', '5 minutes', ''])
    expect(await refusal(server, 'token', 'create', '--ttl', ttl)).toBe(
      `error: --ttl: "${ttl}" is not a duration: write for example 500ms, 90s, 5m or 1h30m`,
    );
  expect(await refusal(server, 'token', 'create', '--ttl', '99999999999h')).toBe(
    'error: --ttl takes at most 87600h, which is ten years, not "99999999999h"; 0 is for ever',
  );
  expect(await refusal(server, 'token', 'delete', 'abc')).toBe(
    'error: "abc" is neither a token nor the id of one: an id has six small letters or digits',
  );
  expect(await refusal(server, 'token', 'delete', 'abcdef')).toBe(
    'error: there is no token abcdef: see "stuurman token list"',
  );
  expect(await refusal(server, 'token', 'delete')).toMatch(/^error: missing required argument 'token'/);
  expect(await refusal(nowhere, 'token', 'create')).toBe(
    `error: tokens are kept by the server of the cluster, and none runs for ${nowhere}: start it with "stuurman up", or name its directory with --data-dir`,
  );
});

test('nodes are drained and removed by name', async () => {
  const server = inject('dataDirectory');
  for (const command of ['drain', 'remove']) {
    expect(await refusal(server, 'node', command)).toMatch(/^error: missing required argument 'name'/);
    expect(await refusal(server, 'node', command, 'nobody')).toBe(
      'error: the cluster has no node nobody: "stuurman status" lists its nodes',
    );
    for (const timeout of ['0', 'soon', '-1', '1.5'])
      expect(await refusal(server, 'node', command, 'nobody', '--timeout', timeout)).toBe(
        `error: --timeout takes a whole number of seconds from 1, not "${timeout}"`,
      );
    expect(await refusal(nowhere, 'node', command, 'nobody')).toBe(
      `error: the cluster in ${nowhere} is down: start it with "stuurman up"`,
    );
  }
});
