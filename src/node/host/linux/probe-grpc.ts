import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { Environment } from '../../../machinery/environment/environment.ts';
import type { GrpcProbe, ProbeResult } from '../host.ts';
import { joinHostPort } from './network-error.ts';

/** `grpc.health.v1.HealthCheckResponse.ServingStatus` by number. */
const servingStatuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const serving = 1;
const method = '/grpc.health.v1.Health/Check';

/** Asks a server for its health by the gRPC health protocol, over plain HTTP/2. The timeout covers connection and answer. Never throws. */
export async function probeGrpc(
  environment: Environment,
  { address, port, service, timeoutMs }: GrpcProbe,
): Promise<ProbeResult> {
  const target = joinHostPort(address, port);
  const within = `${timeoutMs / 1000}s`;
  const deadline = environment.now() + timeoutMs;
  const client = new Client(target, credentials.createInsecure(), {
    'grpc.primary_user_agent': 'kube-probe/1.37',
    'grpc.enable_retries': 0,
    'grpc.initial_reconnect_backoff_ms': 100,
    // Each probe learns for itself whether there is a connection.
    'grpc.use_local_subchannel_pool': 1,
  });
  try {
    await new Promise<void>((resolve, reject) =>
      client.waitForReady(deadline, (error) => (error === undefined ? resolve() : reject(error))),
    ).catch(() => {
      throw new Failure(`timeout: failed to connect service "${target}" within ${within}: context deadline exceeded`);
    });
    const answer = await check(client, service, deadline).catch((error: ServiceError) => {
      throw new Failure(explain(error, within));
    });
    if (answer === serving) return { outcome: 'success', message: 'service healthy' };
    throw new Failure(`service unhealthy (responded with "${servingStatuses[answer] ?? answer}")`);
  } catch (error) {
    return { outcome: 'failure', message: error instanceof Error ? error.message : String(error) };
  } finally {
    client.close();
  }
}

class Failure extends Error {
  override readonly name = 'Failure';
}

function check(client: Client, service: string, deadline: number): Promise<number> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method,
      (name: string) => encodeRequest(name),
      (bytes: Buffer) => decodeStatus(bytes),
      service,
      { deadline },
      (error, answer) => (error === null ? resolve(answer ?? 0) : reject(error)),
    );
  });
}

function explain(error: ServiceError, within: string): string {
  switch (error.code) {
    case status.UNIMPLEMENTED:
      return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.details}`;
    case status.DEADLINE_EXCEEDED:
      return `timeout: health rpc did not complete within ${within}`;
    default: {
      const [name = 'Unknown'] = Object.entries(status).find(([, code]) => code === error.code) ?? [];
      const words = name.toLowerCase().replaceAll(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase());
      return `error: health rpc probe failed: rpc error: code = ${words} desc = ${error.details}`;
    }
  }
}

/** A message with the service's name as field 1, where there is one. Names are shorter than 128 bytes or take a longer length. */
function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service);
  if (name.length === 0) return name;
  const length: number[] = [];
  let rest = name.length;
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([0x0a, ...length, rest]), name]);
}

/** Field 1 of the answer; 0 where it is left out. */
function decodeStatus(bytes: Buffer): number {
  return bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0;
}
