import type { ExecOutcome } from './exec-streams.ts';

/**
 * What goes over the error channel at the end of a command, in one of the channel protocols of WebSocket or SPDY: a Status object from version
 * 4 on, before it text, or nothing for success.
 */
export function formatStatus(outcome: ExecOutcome, protocol: string): Buffer {
  const version = /^v(\d+)\./.exec(protocol)?.[1] ?? '1';
  // Kubernetes has version 5 translated by a client of its own, which wraps what it was told once more.
  const translated = version === '5';
  if ('failure' in outcome) {
    const failure = internalError(outcome.failure);
    if (translated) return object(failureStatus(failure));
    return version === '4' ? object(failureStatus(outcome.failure)) : Buffer.from(failure);
  }
  const { exitCode, command } = outcome;
  const isObject = translated || version === '4';
  if (exitCode === 0) return isObject ? object({ metadata: {}, status: 'Success' }) : Buffer.alloc(0);
  const how =
    translated || command === undefined
      ? `command terminated with exit code ${exitCode}`
      : `error executing command [${command.join(' ')}], exit code ${exitCode}`;
  const message = `command terminated with non-zero exit code: ${how}`;
  return isObject ? object(exitStatus(exitCode, message)) : Buffer.from(message);
}

function object(status: object): Buffer {
  return Buffer.from(JSON.stringify(status));
}

function internalError(failure: string): string {
  return `Internal error occurred: ${failure}`;
}

function failureStatus(failure: string): object {
  return {
    metadata: {},
    status: 'Failure',
    message: internalError(failure),
    reason: 'InternalError',
    details: { causes: [{ message: failure }] },
    code: 500,
  };
}

function exitStatus(exitCode: number, message: string): object {
  return {
    metadata: {},
    status: 'Failure',
    message,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

/** The other side says that the command did not come to an exit. */
export class ExecFailure extends Error {
  override readonly name = 'ExecFailure';
}

/** The exit code that a Status stands for. Throws `ExecFailure` with its message, and an `Error` where nothing was said at all. */
export function parseStatus(text: string): number {
  if (text === '') throw new Error('the connection was closed before the command ended');
  const status = parse(text);
  if (status.status === 'Success') return 0;
  const cause = status.details?.causes?.find((each) => each.reason === 'ExitCode');
  if (status.reason === 'NonZeroExitCode' && /^-?\d{1,10}$/.test(cause?.message ?? '')) return Number(cause?.message);
  throw new ExecFailure(status.message ?? text);
}

interface Status {
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

function parse(text: string): Status {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Status;
  } catch {
    // Plain text is the message itself.
  }
  return { message: text };
}
