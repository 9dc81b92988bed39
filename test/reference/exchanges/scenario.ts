/** A request of a scenario. `{ns}` is the scenario's namespace, `{first.metadata.uid}` is from the answer to the step called `first`. */
export interface Step {
  /** Method and path, not percent-encoded: `GET /api/v1/pods?labelSelector=a in (b, c)`. */
  readonly request: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON unless it is a text, which is sent as it is. */
  readonly body?: unknown;
  /** The name by which later steps mention the answer. */
  readonly as?: string;
  /** What is asked while the answer, that of a watch, is still coming. */
  readonly during?: readonly Step[];
}

/** A sequence of requests in a namespace of its own, which is named after it and has a ServiceAccount `default`. */
export interface Scenario {
  readonly what: string;
  readonly steps: readonly Step[];
}

/** What is recorded into one file. */
export interface Topic {
  readonly name: string;
  readonly scenarios: readonly Scenario[];
}

type Particulars = Omit<Step, 'request'>;

export const get = (path: string, particulars?: Particulars): Step => ({ request: `GET ${path}`, ...particulars });

export const post = (path: string, body?: unknown, particulars?: Particulars): Step => ({
  request: `POST ${path}`,
  body,
  ...particulars,
});

export const put = (path: string, body?: unknown, particulars?: Particulars): Step => ({
  request: `PUT ${path}`,
  body,
  ...particulars,
});

export const remove = (path: string, body?: unknown, particulars?: Particulars): Step => ({
  request: `DELETE ${path}`,
  ...(body !== undefined && { body }),
  ...particulars,
});

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

export const patch = (type: keyof typeof patchTypes, path: string, body: unknown, particulars?: Particulars): Step => ({
  request: `PATCH ${path}`,
  body,
  ...particulars,
  headers: { 'content-type': patchTypes[type], ...particulars?.headers },
});

export const apply = (path: string, manager: string, body: unknown, force = false): Step =>
  patch('apply', `${path}?fieldManager=${manager}${force ? '&force=true' : ''}`, body);

/** A watch that ends by itself after two seconds. */
export const watch = (path: string, ...during: readonly Step[]): Step => ({
  request: `GET ${path}${path.includes('?') ? '&' : '?'}watch=true&timeoutSeconds=2`,
  ...(during.length > 0 && { during }),
});

export const asTable = { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } };

export const partial = (what: 'PartialObjectMetadata' | 'PartialObjectMetadataList') => ({
  headers: { accept: `application/json;as=${what};g=meta.k8s.io;v=v1` },
});
