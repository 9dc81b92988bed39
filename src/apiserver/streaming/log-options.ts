import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid } from '../../machinery/field-errors.ts';
import { badRequest, invalidObject } from '../../machinery/status-errors.ts';
import { canonicalTime } from '../../machinery/time.ts';
import { flagOption, integerOption } from './query-options.ts';

/**
 * The options of a request for logs, checked, as the query that the node's agent is asked with. Throws BadRequest for what cannot
 * be read, and Invalid for what makes no sense.
 */
export function logQuery(query: URLSearchParams, podName: string): URLSearchParams {
  const flags = ['follow', 'previous', 'timestamps'].filter((name) => flagOption(query, name));
  const numbers = {
    limitBytes: integerOption(query, 'limitBytes'),
    sinceSeconds: integerOption(query, 'sinceSeconds'),
    tailLines: integerOption(query, 'tailLines'),
  };
  const sinceTime = timeOption(query, 'sinceTime');
  const errors = problems(numbers, sinceTime, query.get('stream'));
  if (errors.length > 0) throw invalidObject({ group: '', kind: 'PodLogOptions' }, podName, errors);
  const said = new URLSearchParams();
  for (const flag of flags) said.set(flag, 'true');
  for (const [name, value] of Object.entries(numbers)) if (value !== undefined) said.set(name, String(value));
  if (sinceTime !== undefined) said.set('sinceTime', sinceTime);
  said.sort();
  return said;
}

function problems(
  numbers: Readonly<Record<'limitBytes' | 'sinceSeconds' | 'tailLines', bigint | undefined>>,
  sinceTime: string | undefined,
  stream: string | null,
): readonly FieldError[] {
  const { limitBytes, sinceSeconds, tailLines } = numbers;
  const errors: FieldError[] = [];
  if (tailLines !== undefined && tailLines < 0n)
    errors.push(invalid('tailLines', Number(tailLines), 'must be greater than or equal to 0'));
  if (limitBytes !== undefined && limitBytes < 1n)
    errors.push(invalid('limitBytes', Number(limitBytes), 'must be greater than 0'));
  if (sinceSeconds !== undefined && sinceTime !== undefined)
    errors.push(forbidden('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  else if (sinceSeconds !== undefined && sinceSeconds < 1n)
    errors.push(invalid('sinceSeconds', Number(sinceSeconds), 'must be greater than 0'));
  // Streams apart from one another are behind a gate that is closed by default (KEP-3288).
  if (stream !== null) errors.push(forbidden('stream', 'may not be specified'));
  return errors;
}

function timeOption(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const time = canonicalTime(text, 'seconds');
  if (time === null) return undefined;
  if (typeof time === 'string') return time;
  throw badRequest(time.problem);
}
