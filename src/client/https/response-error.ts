import { groupResource, type ResourceType } from '../../machinery/resource-type.ts';
import { type FailureStatus, StatusError, type StatusReason } from '../../machinery/status-error.ts';
import type { Answer } from './exchange.ts';
import { retryAfterSecondsOf } from './retry.ts';

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
  const [reason, words] = wordsFor(answer.status, asked.method, text);
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

function wordsFor(status: number, method: string, text: string): readonly [StatusReason | undefined, string] {
  switch (status) {
    case 400:
      return ['BadRequest', 'the server rejected our request for an unknown reason'];
    case 401:
      return ['Unauthorized', 'the server has asked for the client to provide credentials'];
    case 403:
      return ['Forbidden', text || 'unknown'];
    case 404:
      return ['NotFound', 'the server could not find the requested resource'];
    case 405:
      return ['MethodNotAllowed', 'the server does not allow this method on the requested resource'];
    case 406:
      return ['NotAcceptable', 'the server was unable to respond with a content type that the client supports'];
    case 409:
      return [method === 'POST' ? 'AlreadyExists' : 'Conflict', 'the server reported a conflict'];
    case 415:
      return ['UnsupportedMediaType', 'the server was unable to understand the content type of the request'];
    case 422:
      return ['Invalid', 'the server rejected our request due to an error in our request'];
    case 429:
      return ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'];
    case 503:
      return ['ServiceUnavailable', 'the server is currently unable to handle the request'];
    case 504:
      return [
        'Timeout',
        'the server was unable to return a response in the time allotted, but may still be processing the request',
      ];
    default:
      if (status < 500)
        return [undefined, `the server responded with the status code ${status} but did not return more information`];
      return [
        'InternalError',
        `an error on the server (${JSON.stringify(text)}) has prevented the request from succeeding`,
      ];
  }
}
