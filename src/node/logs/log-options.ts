/** What part of a container's log is asked for. */
export interface LogOptions {
  readonly follow: boolean;
  /** Of the container before this one. */
  readonly previous: boolean;
  readonly timestamps: boolean;
  /** Lines from the end; undefined: all. */
  readonly tailLines: number | undefined;
  /** Only what was written at this time or later, milliseconds since 1970. */
  readonly since: number | undefined;
  /** The answer ends after this many bytes. */
  readonly limitBytes: number | undefined;
}

/** Reads the query of a request for logs; undefined where it breaks a rule. `now`: milliseconds since 1970. */
export function parseLogOptions(query: URLSearchParams, now: number): LogOptions | undefined {
  const tail = query.get('tail');
  const tailText = tail === null ? query.get('tailLines') : tail === 'all' ? null : tail;
  const tailLines = integer(tailText);
  const limitBytes = integer(query.get('limitBytes'));
  const sinceSeconds = integer(query.get('sinceSeconds'));
  const sinceText = query.get('sinceTime');
  const sinceTime = sinceText === null || sinceText === '' ? undefined : Date.parse(sinceText);
  const problems = [
    tailLines !== undefined && !(tailLines >= 0),
    limitBytes !== undefined && !(limitBytes >= 1),
    sinceSeconds !== undefined && !(sinceSeconds >= 1),
    sinceTime !== undefined && Number.isNaN(sinceTime),
    sinceSeconds !== undefined && sinceTime !== undefined,
  ];
  if (problems.includes(true)) return undefined;
  return {
    follow: flag(query.get('follow')),
    previous: flag(query.get('previous')),
    timestamps: flag(query.get('timestamps')),
    tailLines,
    since: sinceSeconds === undefined ? sinceTime : now - sinceSeconds * 1000,
    limitBytes,
  };
}

/** NaN for what is no integer. */
function integer(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  return /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
}

function flag(text: string | null): boolean {
  return text !== null && text !== '0' && text.toLowerCase() !== 'false' && text.toLowerCase() !== 'f';
}
