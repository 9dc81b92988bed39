import { groupResource, type ResourceType } from '../../machinery/resource-type.ts';
import { type FailureStatus, StatusError } from '../../machinery/status-error.ts';
import type { Answer } from './exchange.ts';
import { retryAfterSecondsOf } from './retry.ts';
import { unexplainedStatus } from './unexplained-status.ts';

/** What was asked, for the wording of errors that did not come from a Kubernetes server. */
export interface Asked {
  readonly method: string;
  readonly type?: ResourceType | undefined;
  readonly name?: string | undefined;
}

/** Turns an answer of status 400 and up into the error it stands for. */
export function responseError(answer: Answer, asked: Asked): StatusError {
  return statusIn(answer) ?? genericError(answer, asked);
}

/** The error that a `Status` object stands for; undefined when the value is no failure. */
export function errorOfStatus(value: unknown, code: number): StatusError | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== 'Status') return undefined;
  const status = value as Partial<FailureStatus>;
  if (status.status === undefined || (status.status as string) === 'Success') return undefined;
  return new StatusError({
    message: status.message ?? '',
    code: status.code ?? code,
    ...(status.reason === undefined ? {} : { reason: status.reason }),
    ...(status.details === undefined ? {} : { details: status.details }),
  });
}

function statusIn(answer: Answer): StatusError | undefined {
  try {
    return errorOfStatus(JSON.parse(answer.text), answer.status);
  } catch {
    return undefined;
  }
}

/** Worded as Kubernetes' own clients word an answer that has no `Status`: from a proxy, a load balancer, an aggregated server. */
function genericError(answer: Answer, asked: Asked): StatusError {
  const text = answer.text.trim().slice(0, 2048);
  const [reason, words] = unexplainedStatus(answer.status, asked.method, text);
  const { type, name } = asked;
  const what = [asked.method.toLowerCase(), type && groupResource(type), type && name].filter((part) => !!part);
  const retryAfterSeconds = retryAfterSecondsOf(answer);
  return new StatusError({
    message: type === undefined ? words : `${words} (${what.join(' ')})`,
    code: answer.status,
    ...(reason === undefined ? {} : { reason }),
    details: {
      ...(name === undefined ? {} : { name }),
      ...(type === undefined || type.group === '' ? {} : { group: type.group }),
      ...(type === undefined ? {} : { kind: type.resource }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      causes: [{ reason: 'UnexpectedServerResponse', message: text === '' ? 'unknown' : text }],
    },
  });
}
