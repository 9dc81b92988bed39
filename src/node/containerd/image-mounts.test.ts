import { expect, test } from 'vitest';
import { virtualEnvironment } from '../../../test/support/environment.ts';
import { SimulatedHost } from '../host/simulated/simulated-host.ts';
import { ContainerdImageMounts } from './image-mounts.ts';

const image = (subPath = '') => ({ id: 'sha256:abc', subPath });
const target = '/mounts/s1/abc';

/** A machine whose `ctr` mounts an image with a directory and a file. */
function machine() {
  const environment = virtualEnvironment(1);
  const host = new SimulatedHost({ environment, hostname: 'n1', address: '192.0.2.1' });
  const mounted = new Set<string>();
  const snapshots = new Set<string>();
  const calls: string[] = [];
  let killed = false;
  const ctr = async (words: readonly string[]) => {
    const last = words.at(-1) ?? '';
    if (words.includes('mount')) {
      if (snapshots.has(last)) throw new Error(`ctr: snapshot "${last}": already exists`);
      snapshots.add(last);
      if (killed) throw new Error('ctr was killed');
      mounted.add(last);
      await host.files.makeDirectory(`${last}/etc`);
      await host.files.write(`${last}/etc/file`, '');
    }
    if (words.includes('remove') && !snapshots.delete(last)) throw new Error(`ctr: snapshot ${last}: not found`);
    if (words.includes('delete')) throw new Error('ctr: lease: not found');
    return { code: 0, stdout: '', stderr: '' };
  };
  const mounts = new ContainerdImageMounts({
    environment,
    host: {
      files: host.files,
      ledger: host.ledger,
      processes: {
        ...host.processes,
        run: (command) => {
          calls.push(command.slice(5).join(' '));
          return ctr(command);
        },
      },
      isMounted: async (path) => mounted.has(path),
      unmount: async (path) => {
        mounted.delete(path);
        await host.ledger.remove({ type: 'mount', path });
      },
    },
    ctr: 'ctr',
    socketPath: '/run/c.sock',
    folder: '/mounts',
    snapshotter: async () => 'overlayfs',
  });
  return { mounts, host, calls, mounted, snapshots, kill: (value: boolean) => (killed = value) };
}

test('an image is mounted once for a sandbox, kept, and goes with all there is of it', async () => {
  const { mounts, host, calls, mounted, snapshots } = machine();
  expect(await mounts.mount('s1', image())).toBe(target);
  expect(await mounts.mount('s1', image())).toBe(target);
  expect(await mounts.mount('s2', image())).toBe('/mounts/s2/abc');
  expect(calls.slice(0, 2)).toEqual([
    `images mount --snapshotter overlayfs sha256:abc ${target}`,
    expect.stringMatching(`^snapshots --snapshotter overlayfs label ${target} containerd.io/gc.root=\\S+$`),
  ]);
  expect(await host.ledger.entries()).toContainEqual({ type: 'mount', path: target });
  await mounts.unmount('s1');
  await mounts.unmount('nobody');
  expect([[...mounted], [...snapshots]]).toEqual([['/mounts/s2/abc'], ['/mounts/s2/abc']]);
  expect(await host.files.stat('/mounts/s1')).toBeUndefined();
});

test('only a directory within the image is mounted of it', async () => {
  const { mounts } = machine();
  expect(await mounts.mount('s1', image('etc'))).toBe(`${target}/etc`);
  const refusal = (subPath: string) => mounts.mount('s1', image(subPath)).catch(({ message }) => message);
  expect(await refusal('etc/file')).toBe(
    `failed to mount image volume: ImageVolumeMountFailed: failed to ensure image subpath "etc/file" in "${target}": only directory subpath is supported, subpath: "etc/file", mountpoint: "${target}"`,
  );
  expect(await refusal('usr')).toMatch(/ImageVolumeMountFailed: .*openat usr: no such file or directory$/);
  expect(await refusal('../s2')).toMatch(/ImageVolumeMountFailed: .*must not contain '..'/);
});

test('what a mount that was broken off has left does not hinder the next one', async () => {
  const { mounts, kill, snapshots } = machine();
  kill(true);
  await expect(mounts.mount('s1', image())).rejects.toThrow('ImageVolumeMountFailed: ctr was killed');
  kill(false);
  expect(await mounts.mount('s1', image())).toBe(target);
  await mounts.unmount('s1');
  expect(snapshots.size).toBe(0);
});
