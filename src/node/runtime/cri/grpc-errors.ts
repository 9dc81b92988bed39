import { type ServiceError, status } from '@grpc/grpc-js';
import { RuntimeError } from '../runtime.ts';

const codes: Readonly<Partial<Record<number, RuntimeError['code']>>> = {
  [status.NOT_FOUND]: 'NotFound',
  [status.ALREADY_EXISTS]: 'AlreadyExists',
  [status.INVALID_ARGUMENT]: 'InvalidArgument',
  [status.DEADLINE_EXCEEDED]: 'DeadlineExceeded',
  [status.UNAVAILABLE]: 'Unavailable',
  // We say ourselves when we cancel: this is a server that goes down.
  [status.CANCELLED]: 'Unavailable',
};

/** What a failed call means. The message is the runtime's own; users find it in events. The cause says which call it was. */
export function runtimeErrorOf(method: string, error: ServiceError): RuntimeError {
  if (error instanceof RuntimeError) return error;
  const message = plain(error.details || error.message);
  return new RuntimeError(codeOf(error, message), message, { cause: new Error(`${method} failed`, { cause: error }) });
}

function codeOf(error: ServiceError, message: string): RuntimeError['code'] {
  // containerd answers "unknown" when a pod or container of the name and attempt is there.
  if (error.code === status.UNKNOWN && / is reserved for "/.test(message)) return 'AlreadyExists';
  return codes[error.code] ?? 'Unknown';
}

/** grpc-js wraps why it has no connection in words about itself. */
function plain(message: string): string {
  const lost = /^No connection established\. Last error: (?:Error: )?(.*?)\.? Resolution note: ?(.*)$/s.exec(message);
  return lost === null ? message : `the runtime does not answer: ${lost[1]}`;
}
