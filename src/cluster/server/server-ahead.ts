import { startStoreThread } from '../../store/sqlite/worker-connection.ts';

/** What a server begins with before its program is loaded, since it takes a while by itself. */
export type ServerAhead = ReturnType<typeof startAhead>;

/** Nothing is opened, and nothing has to be ended where there is to be no server after all. */
export function startAhead() {
  return { storeThread: startStoreThread() };
}
