import type { Reader } from '../../client/client.ts';
import type { Dialer } from '../../client/dialer.ts';
import type { ConnectHandler } from '../registry/extension-points.ts';
import { nodeProxy } from './node-proxy.ts';
import { podLog } from './pod-log.ts';
import { podProxy } from './pod-proxy.ts';
import { podStreams } from './pod-streams.ts';
import { serviceProxy } from './service-proxy.ts';

/**
 * The streams and proxies that are served: what is here is in discovery.
 * `reader` has the rights of the API server itself; who may do what was decided before.
 */
export function streamingHandlers(reader: Reader, dialer: Dialer): readonly ConnectHandler[] {
  return [
    podLog(reader, dialer),
    ...podStreams(reader, dialer),
    podProxy(reader, dialer),
    serviceProxy(dialer),
    nodeProxy(reader, dialer),
  ];
}
