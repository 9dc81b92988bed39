import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  defaultRouteLink,
  meminfoBytes,
  nodeAddresses,
  osReleaseName,
  readCpuTopology,
  readHostInfo,
} from './host-info.ts';
import { cpuNanoseconds, readHostStats } from './host-stats.ts';

test('reads this machine', async () => {
  const info = await readHostInfo(tmpdir());
  expect(info.bootId).toMatch(/^[0-9a-f-]{36}$/);
  expect(info.kernelVersion).toMatch(/^\d+\.\d+/);
  expect(info.cpus).toBeGreaterThan(0);
  expect(info.memoryBytes).toBeGreaterThan(1 << 26);
  const stats = await readHostStats(5, tmpdir(), []);
  expect(stats.timestamp).toBe(5);
  expect(stats.cpuUsageCoreNanoSeconds).toBeGreaterThan(0);
  expect(stats.memoryWorkingSetBytes + stats.memoryAvailableBytes).toBe(info.memoryBytes);
  expect(stats.processes).toBeGreaterThan(0);
  expect(info.processesMax).toBeGreaterThan(stats.processes);
});

test('cores are counted by socket, and cpus that are switched off not at all', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stuurman-cpus-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const cpus = [[0, 0], [0, 1], [0, 0], [1, 0], undefined];
  for (const [cpu, topology] of cpus.entries()) {
    mkdirSync(join(folder, `cpu${cpu}`, 'topology'), { recursive: true });
    if (topology === undefined) continue;
    writeFileSync(join(folder, `cpu${cpu}`, 'topology', 'physical_package_id'), `${topology[0]}\n`);
    writeFileSync(join(folder, `cpu${cpu}`, 'topology', 'core_id'), `${topology[1]}\n`);
  }
  mkdirSync(join(folder, 'cpufreq'));
  expect(await readCpuTopology(folder)).toEqual({ cores: 3, sockets: 2 });
  expect(await readCpuTopology(join(folder, 'none'))).toEqual({ cores: 0, sockets: 0 });
});

test('meminfo counts in KiB', () => {
  expect(meminfoBytes('MemTotal:        1000 kB\nInactive(file):   7 kB\n', 'MemTotal')).toBe(1_024_000);
});

test.each([
  ['PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian"\n', 'Debian GNU/Linux 12 (bookworm)'],
  ["NAME='Alpine Linux'\n", 'Alpine Linux'],
  ['NAME=Void\n', 'Void'],
  ['', 'Linux'],
])('the name in %j', (text, name) => {
  expect(osReleaseName(text)).toBe(name);
});

test('the default route of the smallest metric', () => {
  const text = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
`;
  expect(defaultRouteLink(text)).toBe('eth0');
  expect(defaultRouteLink('Iface\tDestination\n')).toBeUndefined();
});

const link = (address: string, family: 'IPv4' | 'IPv6' = 'IPv4', internal = false) => ({
  address,
  family,
  internal,
  netmask: '',
  mac: '',
  cidr: null,
  ...(family === 'IPv6' ? { scopeid: 0 } : {}),
});

test('the addresses of the default route, IPv4 first, without loopback and link-local ones', () => {
  const links = {
    lo: [link('127.0.0.1', 'IPv4', true)],
    docker0: [link('172.17.0.1')],
    eth0: [link('fe80::1', 'IPv6'), link('fd00::2', 'IPv6'), link('192.0.2.2')],
    eth1: [link('10.0.0.9')],
  } as Parameters<typeof nodeAddresses>[0];
  expect(nodeAddresses(links, 'eth0')).toEqual(['192.0.2.2', 'fd00::2']);
  expect(nodeAddresses(links, undefined)).toEqual(['192.0.2.2', '10.0.0.9', 'fd00::2']);
  expect(nodeAddresses({ lo: links['lo'] ?? [] }, undefined)).toEqual([]);
});

test('cpu time without idle, waiting and guests', () => {
  expect(cpuNanoseconds('cpu  1 2 3 1000 1000 4 5 6 100 100\ncpu0 1 1 1\n')).toBe(21 * 10_000_000);
});
