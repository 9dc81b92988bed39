import { appendFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerEntry } from '../host.ts';
import { DiskLedger } from './disk-ledger.ts';

describe('DiskLedger', () => {
  let root: string;
  let path: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'stuurman-ledger-'));
    path = join(root, 'deep/ledger.jsonl');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const mount = (name: string): LedgerEntry => ({ type: 'mount', path: `/mnt/${name}` });
  const process1: LedgerEntry = { type: 'process', name: 'agent', handle: { pid: 7, startTime: 70 } };

  test('remembers over a restart, in the order of entry', async () => {
    const first = await DiskLedger.open(path, 'boot-1');
    await first.add(mount('a'));
    await first.add(process1);
    await first.add({ type: 'nftTable', family: 'inet', name: 'stuurman' });
    await first.add(mount('a'));
    await first.remove(mount('a'));
    await first.add(mount('b'));
    const again = await DiskLedger.open(path, 'boot-1');
    expect(await again.entries()).toEqual([
      process1,
      { type: 'nftTable', family: 'inet', name: 'stuurman' },
      mount('b'),
    ]);
  });

  test('an entry is on disk when its promise resolves, also when it was on its way already', async () => {
    const ledger = await DiskLedger.open(path, 'boot-1');
    const first = ledger.add(mount('a'));
    await ledger.add(mount('a'));
    expect(readFileSync(path, 'utf8')).toContain('/mnt/a');
    await first;
  });

  test('a process of the same pid that began at another time is another entry', async () => {
    const ledger = await DiskLedger.open(path, 'boot-1');
    await ledger.add(process1);
    await ledger.remove({ ...process1, handle: { pid: 7, startTime: 71 } });
    expect(await ledger.entries()).toEqual([process1]);
  });

  test('a reboot empties it', async () => {
    await (await DiskLedger.open(path, 'boot-1')).add(mount('a'));
    expect(await (await DiskLedger.open(path, 'boot-2')).entries()).toEqual([]);
    expect(await (await DiskLedger.open(path, 'boot-1')).entries()).toEqual([]);
  });

  test('a last line that a crash cut short is dropped; damage before it is named', async () => {
    await (await DiskLedger.open(path, 'boot-1')).add(mount('a'));
    appendFileSync(path, '{"add":{"type":"mo');
    expect(await (await DiskLedger.open(path, 'boot-1')).entries()).toEqual([mount('a')]);
    appendFileSync(path, 'nonsense\n');
    await expect(DiskLedger.open(path, 'boot-1')).rejects.toThrow(/line 3 of the ledger .* is damaged: nonsense/);
    writeFileSync(path, '{"format":2,"bootId":"boot-1"}\n');
    await expect(DiskLedger.open(path, 'boot-1')).rejects.toThrow(/not a ledger of format 1/);
  });

  test('writes changes that come together at once, and the file anew when it has grown', async () => {
    const ledger = await DiskLedger.open(path, 'boot-1');
    const rounds = Array.from({ length: 600 }, (_, round) => mount(String(round)));
    await Promise.all(rounds.flatMap((entry) => [ledger.add(entry), ledger.remove(entry)]));
    await ledger.add(mount('last'));
    expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(10);
    expect(await (await DiskLedger.open(path, 'boot-1')).entries()).toEqual([mount('last')]);
  });

  test('a change that could not be written is refused, and what follows is whole again', async () => {
    const ledger = await DiskLedger.open(path, 'boot-1');
    rmSync(join(root, 'deep'), { recursive: true });
    writeFileSync(join(root, 'deep'), 'in the way');
    await expect(ledger.add(mount('a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    rmSync(join(root, 'deep'));
    await DiskLedger.open(path, 'boot-1');
    await ledger.add(mount('a'));
    expect(await (await DiskLedger.open(path, 'boot-1')).entries()).toEqual([mount('a')]);
  });

  test('a full disk keeps nothing from being read and struck out', async () => {
    await (await DiskLedger.open(path, 'boot-1')).add(mount('a'));
    appendFileSync(path, '{"add":{"type":"mo');
    symlinkSync('/dev/full', `${path}.new`);
    const ledger = await DiskLedger.open(path, 'boot-1');
    expect(await ledger.entries()).toEqual([mount('a')]);
    await ledger.remove(mount('a'));
    await expect(ledger.add(mount('b'))).rejects.toMatchObject({ code: 'ENOSPC' });
    await expect(DiskLedger.open(path, 'boot-2')).rejects.toMatchObject({ code: 'ENOSPC' });
    rmSync(`${path}.new`);
    await ledger.add(mount('c'));
    expect(await (await DiskLedger.open(path, 'boot-1')).entries()).toEqual([mount('b'), mount('c')]);
  });
});
