import { connect } from 'node:net';
import type { Environment } from '../../../machinery/environment/environment.ts';
import type { ProbeResult } from '../host.ts';
import { dialErrorMessage, joinHostPort } from './network-error.ts';

/** Succeeds when a connection opens in time; it is closed at once. */
export function probeTcp(
  environment: Environment,
  address: string,
  port: number,
  timeoutMs: number,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (result: ProbeResult) => {
      timer.cancel();
      socket.destroy();
      resolve(result);
    };
    const timer = environment.setTimer(timeoutMs, () =>
      end({ outcome: 'failure', message: `dial tcp ${joinHostPort(address, port)}: i/o timeout` }),
    );
    socket.once('connect', () => end({ outcome: 'success', message: '' }));
    socket.on('error', (error) => end({ outcome: 'failure', message: dialErrorMessage(address, port, error) }));
  });
}
