import { storeSuite } from '../../../test/suites/store.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { MemoryStore } from './memory-store.ts';

storeSuite('MemoryStore', async () => {
  const environment = new VirtualEnvironment(1);
  const store = new MemoryStore({ environment });
  return { store, advance: (durationMs) => environment.advance(durationMs), dispose: () => store.close() };
});
