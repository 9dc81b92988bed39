import type { Duplex } from 'node:stream';

/** A connection to a port inside a pod. Reading slowly holds the other side back; each direction ends by itself. */
export interface PortConnection {
  readonly data: Duplex;
  /** Resolves when it is over: to the words of what went wrong, or undefined when nothing did. Never rejects. */
  readonly ended: Promise<string | undefined>;
}

/** Connects to a port. Rejects with an `Error` whose message is for the user. */
export type PortConnector = (port: number) => Promise<PortConnection>;

/** The port that a text stands for. Throws an `Error` in Kubernetes' words. */
export function parsePort(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(unparsable(text, 'invalid syntax'));
  const port = Number(text);
  if (port > 0xffff) throw new Error(unparsable(text, 'value out of range'));
  if (port < 1) throw new Error(`port "${text}" must be > 0`);
  return port;
}

function unparsable(text: string, why: string): string {
  const quoted = JSON.stringify(text);
  return `unable to parse ${quoted} as a port: strconv.ParseUint: parsing ${quoted}: ${why}`;
}
