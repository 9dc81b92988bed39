import { expect, test } from 'vitest';
import { containerRuntimeSuite } from '../../../../test/suites/container-runtime.ts';
import { VirtualEnvironment } from '../../../machinery/environment/virtual.ts';
import { MemoryFiles } from '../../host/simulated/memory-files.ts';
import { SimulatedRuntime } from './simulated-runtime.ts';

containerRuntimeSuite('simulated', async () => {
  const environment = new VirtualEnvironment(1);
  const files = new MemoryFiles(environment);
  const runtime = new SimulatedRuntime({ environment, files, podCidr: '10.1.0.0/24' });
  return {
    runtime,
    image: 'busybox',
    logRoot: '/var/log/pods',
    readFile: async (path) => new TextDecoder().decode(await files.read(path)),
    makeDirectory: (path) => files.makeDirectory(path),
    rename: (from, to) => files.rename(from, to),
    pass: (durationMs) => environment.advance(durationMs),
    close: () => runtime.close(),
  };
});

test('an event stream gives what happened since it was asked for, before it was read', async () => {
  const environment = new VirtualEnvironment(1);
  const runtime = new SimulatedRuntime({ environment, files: new MemoryFiles(environment), podCidr: '10.1.0.0/24' });
  const aborter = new AbortController();
  const events = runtime.events(aborter.signal);
  runtime.setUnavailable('the socket is gone');
  await expect(async () => {
    for await (const _ of events);
  }).rejects.toThrow('the socket is gone');
  await expect(runtime.version()).rejects.toMatchObject({ code: 'Unavailable' });
});
