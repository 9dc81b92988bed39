/** A query or path parameter of an operation. */
export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly description: string;
  readonly required?: true;
  readonly schema: { readonly type: 'string' | 'boolean' | 'integer'; readonly uniqueItems: true };
}

export function query(name: string, type: Parameter['schema']['type'], description: string): Parameter {
  return { name, in: 'query', description, schema: { type, uniqueItems: true } };
}

function path(name: string, description: string): Parameter {
  return { name, in: 'path', description, required: true, schema: { type: 'string', uniqueItems: true } };
}

export const pathParameters = {
  name: (kind: string): Parameter => path('name', `name of the ${kind}`),
  namespace: path('namespace', 'the namespace that the objects are in'),
  rest: path('path', 'what follows in the path'),
} as const;

export const pretty = query('pretty', 'string', "'true': the answer is laid out for people to read.");

const dryRun = query('dryRun', 'string', "'All': everything is checked and answered, nothing is stored.");
const fieldManager = query('fieldManager', 'string', 'Who makes this change: the name that owns the fields it sets.');
const fieldValidation = query(
  'fieldValidation',
  'string',
  'What to do about unknown and duplicate fields: Ignore, Warn (the default) or Strict.',
);

export const writeParameters: readonly Parameter[] = [dryRun, fieldManager, fieldValidation];

export const patchParameters: readonly Parameter[] = [
  ...writeParameters,
  query('force', 'boolean', 'For apply: take fields over that others own.'),
];

export const deleteParameters: readonly Parameter[] = [
  dryRun,
  query('gracePeriodSeconds', 'integer', 'Seconds until the object is removed; 0 removes it at once.'),
  query('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'),
  query('propagationPolicy', 'string', 'What becomes of dependents: Orphan, Background or Foreground.'),
];

export const listParameters: readonly Parameter[] = [
  query('allowWatchBookmarks', 'boolean', 'For watch: events that carry nothing but a resourceVersion are welcome.'),
  query('continue', 'string', 'Where the last list with a limit stopped, as its answer says.'),
  query('fieldSelector', 'string', 'Only objects whose fields have these values.'),
  query('labelSelector', 'string', 'Only objects with labels that match.'),
  query('limit', 'integer', 'How many objects to answer at most.'),
  query('resourceVersion', 'string', 'The version to read at, or to watch from.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  query('sendInitialEvents', 'boolean', 'For watch: begin with the objects that are there.'),
  query('timeoutSeconds', 'integer', 'How long the request may last.'),
  query('watch', 'boolean', 'Follow changes instead of listing.'),
];
