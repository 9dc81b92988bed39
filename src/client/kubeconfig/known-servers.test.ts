import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { knownServers, serversOf } from './known-servers.ts';
import { formatKubeconfig } from './kubeconfig.ts';

const configOf = (servers: readonly string[], current: number) => ({
  clusters: servers.map((server, index) => ({ name: `c${index}`, cluster: { server } })),
  contexts: [{ name: 'here', context: { cluster: `c${current}`, user: '' } }],
  'current-context': 'here',
});

test('the server of the current context comes first, and none twice', () => {
  expect(serversOf(configOf(['https://a', 'https://b', 'https://a'], 1))).toEqual(['https://b', 'https://a']);
  expect(serversOf({})).toEqual([]);
});

test('a file that changes is followed, and one that is damaged is passed over', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'stuurman-servers-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'kubeconfig');
  writeFileSync(file, formatKubeconfig(configOf(['https://a'], 0)));
  const environment = new VirtualEnvironment(1);
  const servers = knownServers(environment, file);
  expect(servers()).toEqual(['https://a']);
  writeFileSync(file, formatKubeconfig(configOf(['https://b', 'https://a'], 0)));
  await environment.advance(3_000);
  expect(servers()).toEqual(['https://b', 'https://a']);
  writeFileSync(file, '{');
  await environment.advance(3_000);
  expect(servers()).toEqual(['https://b', 'https://a']);
});
