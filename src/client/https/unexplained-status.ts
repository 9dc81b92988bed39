import type { StatusReason } from '../../machinery/status-error.ts';

/** The reason and the words of Kubernetes' clients for an answer that has a status of HTTP and no `Status` object. */
export function unexplainedStatus(
  status: number,
  method: string,
  text: string,
): readonly [StatusReason | undefined, string] {
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
