import { createHash } from 'node:crypto';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { HttpResponse } from '../../wire/http.ts';
import { kubernetesVersion } from '../discovery/server-version.ts';
import type { PathHandler } from '../registry/extension-points.ts';
import type { RequestContext } from '../request.ts';
import type { GroupVersionDocument } from './group-version-document.ts';
import type { ServedDocuments } from './served-documents.ts';
import { VersionTwoBuilder, type VersionTwoDocument } from './version-two-document.ts';
import { versionTwoProtobuf } from './version-two-protobuf.ts';

const jsonType = 'application/json';
const protobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** The older spelling, which clients send and no media type may have. */
const protobufNames = [protobufType, 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'];

type Form = typeof jsonType | typeof protobufType;

interface Encoded {
  readonly etag: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/**
 * `/openapi/v2`: all types and paths in one document, for clients that do not know version 3 (helm, older kubectl, `kubectl explain` with
 * `plaintext-openapiv2`). Each form is made when it is first asked for, and kept until a definition comes or goes.
 */
export class OpenApiV2 implements PathHandler {
  readonly paths = ['/openapi/v2'];
  readonly #documents: ServedDocuments;
  readonly #environment: Environment;
  readonly #forms = new Map<Form, Promise<Encoded>>();
  #generation = -1;

  constructor(documents: ServedDocuments, environment: Environment) {
    this.#documents = documents;
    this.#environment = environment;
  }

  async fetch({ http }: RequestContext): Promise<HttpResponse> {
    const form = chooseForm(http.headers['accept'] ?? '');
    if (form === undefined) return { status: 406, headers: { vary: 'Accept' } };
    const { etag, body } = await this.#encoded(form);
    const headers = { etag, vary: 'Accept' };
    const known = (http.headers['if-none-match'] ?? '').split(',').some((each) => each.trim() === etag);
    if (known) return { status: 304, headers };
    return { status: 200, headers: { ...headers, 'content-type': form }, body };
  }

  /** Whoever asks at the same time waits for the same. */
  #encoded(form: Form): Promise<Encoded> {
    if (this.#generation !== this.#documents.generation) {
      this.#generation = this.#documents.generation;
      this.#forms.clear();
    }
    return this.#forms.getOrInsertComputed(form, async () => {
      const document = await this.#document();
      const body =
        form === jsonType ? new TextEncoder().encode(JSON.stringify(document)) : versionTwoProtobuf(document);
      return { etag: `"${createHash('sha256').update(body).digest('hex').toUpperCase()}"`, body };
    });
  }

  async #document(): Promise<VersionTwoDocument> {
    const builder = new VersionTwoBuilder();
    const names = this.#documents.names();
    const hasCustomResources = names.includes('apis/apiextensions.k8s.io/v1');
    for (const name of names) {
      const document = this.#documents.document(name);
      builder.add(name !== 'api/v1' || hasCustomResources ? document : withoutPromise(document));
      await this.#environment.turn();
    }
    return builder.document({ title: 'Kubernetes', version: kubernetesVersion.gitVersion });
  }
}

/**
 * kubectl takes a Namespace's `fieldValidation` as the promise that custom resources have it too, and then looks an unknown kind up
 * among them. Where there are none it would report that failure, and not that nothing knows the kind.
 */
function withoutPromise(document: GroupVersionDocument): GroupVersionDocument {
  const path = '/api/v1/namespaces/{name}';
  const item = document.paths[path];
  if (item?.patch === undefined) return document;
  const parameters = item.patch.parameters?.filter(({ name }) => name !== 'fieldValidation') ?? [];
  return { ...document, paths: { ...document.paths, [path]: { ...item, patch: { ...item.patch, parameters } } } };
}

/** The first of the accepted forms that there is, the most wanted first; JSON for whoever does not say. */
function chooseForm(accept: string): Form | undefined {
  if (accept.trim() === '') return jsonType;
  for (const each of accept.split(',')) {
    const name = (each.split(';')[0] ?? '').trim();
    if (['*/*', 'application/*', jsonType].includes(name)) return jsonType;
    if (protobufNames.includes(name)) return protobufType;
  }
  return undefined;
}
