import { StatusError } from '../../machinery/status-error.ts';
import { notAcceptable } from '../../machinery/status-errors.ts';

/** Which of an object a client wants to see. */
export type Projection = 'whole' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

/** What a client wants its answer to look like. */
export interface Representation {
  readonly format: 'json' | 'yaml';
  readonly pretty: boolean;
  readonly projection: Projection;
}

interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

const formats: Readonly<Record<string, 'json' | 'yaml'>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  '*/*': 'json',
};
const projections = new Set<string>(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']);
export const objectMediaTypes = ['application/json', 'application/yaml'];
const streamMediaTypes = ['application/json;stream=watch'];

/**
 * Chooses a representation by the Accept header; protobuf, which Go clients name first, is passed over for what comes after
 * it. Throws NotAcceptable when nothing that was asked for can be had.
 */
export function negotiate(accept: string, request: NegotiatedRequest): Representation {
  const key = `${request.pretty}${request.stream}${request.isList} ${accept}`;
  const known = recent.get(key);
  if (known !== undefined) return known;
  const chosen = choose(accept, request);
  if (recent.size >= maxRecent) recent.clear();
  recent.set(key, chosen);
  return chosen;
}

interface NegotiatedRequest {
  readonly pretty: boolean;
  readonly stream: boolean;
  readonly isList: boolean;
}

/** Clients send the same few headers over and over. */
const recent = new Map<string, Representation>();
const maxRecent = 256;

function choose(accept: string, request: NegotiatedRequest): Representation {
  const { pretty } = request;
  if (accept === '') return { format: 'json', pretty, projection: 'whole' };
  let offered: readonly string[] | undefined;
  for (const clause of parseAccept(accept)) {
    const format = formats[clause.type];
    if (format === undefined || clause.quality === 0) continue;
    const streamable = !request.stream || format === 'json';
    offered = streamable ? objectMediaTypes : streamMediaTypes;
    const projection = projectionOf(clause);
    if (!streamable || projection === undefined) continue;
    return { format, pretty: clause.parameters.get('pretty') === '1' || pretty, projection };
  }
  if (offered !== undefined) throw notAcceptable(offered);
  const representations = request.isList ? [...objectMediaTypes, ...streamMediaTypes] : objectMediaTypes;
  throw new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: `406: Not Acceptable\n\nAvailable representations: ${representations.join(', ')}`,
    details: {},
  });
}

/** Undefined when the clause asks for something that is not there. */
function projectionOf({ parameters }: Clause): Projection | undefined {
  const as = parameters.get('as');
  if (as === undefined) return 'whole';
  const right = parameters.get('g') === 'meta.k8s.io' && parameters.get('v') === 'v1';
  return right && projections.has(as) ? (as as Projection) : undefined;
}

/** The clauses of an Accept header, the most wanted first; those of the same quality in their order. */
function parseAccept(accept: string): readonly Clause[] {
  const clauses = accept.split(',').map((text) => {
    const [type = '', ...rest] = text.split(';').map((part) => part.trim());
    const parameters = new Map<string, string>();
    for (const part of rest) {
      const equals = part.indexOf('=');
      if (equals > 0) parameters.set(part.slice(0, equals).toLowerCase(), part.slice(equals + 1).replaceAll('"', ''));
    }
    const quality = Number(parameters.get('q') ?? '1');
    return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 0 : quality };
  });
  return clauses.toSorted((a, b) => b.quality - a.quality);
}

/** Browsers and curl get indented JSON, as does who asks for it. */
export function wantsPretty(query: URLSearchParams, userAgent: string): boolean {
  const asked = query.get('pretty');
  if (asked !== null) return asked !== 'false' && asked !== '0';
  return /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}
