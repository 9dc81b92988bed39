import { StatusError } from '../../machinery/status-error.ts';
import { notAcceptable } from '../../machinery/status-errors.ts';
import { objectMediaTypes, protobufMediaType, streamMediaTypes } from './media-types.ts';

/** Which of an object a client wants to see. */
export type Projection = 'whole' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

type Format = 'json' | 'yaml' | 'protobuf';

/** What a client wants its answer to look like. */
export interface Representation {
  readonly format: Format;
  readonly pretty: boolean;
  readonly projection: Projection;
}

interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

const formats: Readonly<Record<string, Format>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  [protobufMediaType]: 'protobuf',
  '*/*': 'json',
};
const projections = new Set<string>(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']);

/** Chooses a representation of objects by the Accept header. Throws NotAcceptable when nothing that was asked for can be had. */
export function negotiate(accept: string, request: NegotiatedRequest): Representation {
  const { pretty, stream, isList, hasMessages, hasTable } = request;
  const key = `${pretty}${stream}${isList}${hasMessages}${hasTable} ${accept}`;
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
  /** Whether objects of the kind can be protobuf messages; metadata alone always can. */
  readonly hasMessages: boolean;
  /** Whether what is answered can be rows of a table. */
  readonly hasTable: boolean;
}

/** Clients send the same few headers over and over. */
const recent = new Map<string, Representation>();
const maxRecent = 256;

function choose(accept: string, request: NegotiatedRequest): Representation {
  const { pretty } = request;
  if (accept === '') return { format: 'json', pretty, projection: 'whole' };
  let isKnown = false;
  for (const clause of parseAccept(accept)) {
    const format = formats[clause.type];
    if (format === undefined) continue;
    isKnown = true;
    const projection = projectionOf(clause);
    if (projection === undefined || !canBe(format, projection, request)) continue;
    if (request.stream && format === 'yaml') throw notAcceptable(streamMediaTypes);
    return { format, pretty: isPretty(clause, pretty), projection };
  }
  if (isKnown) throw notAcceptable(objectMediaTypes);
  throw noRepresentation(request.isList ? [...objectMediaTypes, ...streamMediaTypes] : objectMediaTypes);
}

/** What is refused before anybody looks at the parameters of the types. */
function noRepresentation(available: readonly string[]): StatusError {
  return new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: `406: Not Acceptable\n\nAvailable representations: ${available.join(', ')}`,
    details: {},
  });
}

function canBe(format: Format, projection: Projection, { hasMessages, hasTable }: NegotiatedRequest): boolean {
  if (projection === 'Table') return hasTable && format !== 'protobuf';
  return format !== 'protobuf' || projection !== 'whole' || hasMessages;
}

function isPretty({ parameters }: Clause, pretty: boolean): boolean {
  return parameters.get('pretty') === '1' || pretty;
}

/** The same for a value that is no stored object, such as an error: it has only one form. Undefined when that is not acceptable. */
export function negotiateValue(accept: string, pretty: boolean): Omit<Representation, 'projection'> | undefined {
  if (accept === '') return { format: 'json', pretty };
  for (const clause of parseAccept(accept)) {
    const format = formats[clause.type];
    if (format === undefined || isConversion(clause)) continue;
    return { format, pretty: isPretty(clause, pretty) };
  }
  return undefined;
}

/** Throws NotAcceptable where a document that has but one form, such as one of discovery, comes in no type that was asked for. */
export function requireAcceptable(accept: string, available: readonly string[]): void {
  if (accept === '') return;
  const clauses = parseAccept(accept).filter(({ type }) => type === '*/*' || available.includes(type));
  if (clauses.length === 0) throw noRepresentation(available);
  if (clauses.every(isConversion)) throw notAcceptable(available);
}

function isConversion({ parameters }: Clause): boolean {
  return parameters.has('as') || parameters.has('g') || parameters.has('v');
}

/** How the aggregated document of discovery (KEP-3352) is to be written; undefined when it is not what is wanted. */
export function negotiateAggregated(accept: string): Format | undefined {
  for (const { type, parameters } of parseAccept(accept)) {
    const isWanted = parameters.get('as') === 'APIGroupDiscoveryList' && parameters.get('v') === 'v2';
    if (isWanted && parameters.get('g') === 'apidiscovery.k8s.io') return formats[type];
  }
  return undefined;
}

/** Undefined when the clause asks for something that is not there. */
function projectionOf({ parameters }: Clause): Projection | undefined {
  const as = parameters.get('as');
  if (as === undefined) return 'whole';
  const right = parameters.get('g') === 'meta.k8s.io' && parameters.get('v') === 'v1';
  return right && projections.has(as) ? (as as Projection) : undefined;
}

/** The clauses of an Accept header, the most wanted first; those of the same quality in their order. None is left out, as little as in Kubernetes. */
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
