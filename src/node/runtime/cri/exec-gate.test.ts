import { beforeEach, expect, test } from 'vitest';
import { VirtualEnvironment } from '../../../machinery/environment/virtual.ts';
import { ExecGate } from './exec-gate.ts';

let environment: VirtualEnvironment;
let gate: ExecGate;
let entered: number;
beforeEach(() => {
  environment = new VirtualEnvironment(1);
  gate = new ExecGate(environment);
  entered = 0;
});

const enter = async (signal?: AbortSignal) => {
  const leave = await gate.enter(signal);
  entered++;
  return leave;
};

test('sixteen go at a time, in their order, and one more for each that leaves', async () => {
  const leaves = await Promise.all(Array.from({ length: 16 }, () => enter()));
  const later = [enter(), enter()];
  await environment.settle();
  expect(entered).toBe(16);
  leaves[0]?.();
  leaves[0]?.();
  await later[0];
  await environment.settle();
  expect(entered).toBe(17);
  leaves[1]?.();
  await later[1];
});

test('what goes on for long holds up nobody', async () => {
  for (let each = 0; each < 40; each++) void enter();
  await environment.advance(999);
  expect(entered).toBe(16);
  await environment.advance(1);
  expect(entered).toBe(32);
  await environment.advance(1_000);
  expect(entered).toBe(40);
});

test('who gives up waiting takes no place', async () => {
  const leaves = await Promise.all(Array.from({ length: 16 }, () => enter()));
  const abort = new AbortController();
  const given = enter(abort.signal);
  const next = enter();
  abort.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  await expect(enter(abort.signal)).rejects.toThrow('enough');
  leaves[0]?.();
  await next;
  expect(entered).toBe(17);
});

test('too many are refused', async () => {
  for (let each = 0; each < 1_016; each++) void enter();
  await environment.settle();
  await expect(enter()).rejects.toMatchObject({ name: 'RuntimeError', code: 'Unavailable' });
});
