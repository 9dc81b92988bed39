import type { ExecOutcome } from './exec-streams.ts';

/** The Status object that goes over the error channel at the end of a command. */
export function formatStatus(outcome: ExecOutcome): Buffer {
  return Buffer.from(JSON.stringify(statusOf(outcome)));
}

function statusOf(outcome: ExecOutcome): object {
  if ('failure' in outcome) {
    return {
      metadata: {},
      status: 'Failure',
      message: `Internal error occurred: ${outcome.failure}`,
      reason: 'InternalError',
      details: { causes: [{ message: outcome.failure }] },
      code: 500,
    };
  }
  const { exitCode } = outcome;
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

/** What protocols before version 4 say instead: nothing for success, or text. */
export function formatPlainStatus(outcome: ExecOutcome): Buffer {
  if ('failure' in outcome) return Buffer.from(outcome.failure);
  return Buffer.from(
    outcome.exitCode === 0 ? '' : `command terminated with non-zero exit code: exit status ${outcome.exitCode}`,
  );
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
