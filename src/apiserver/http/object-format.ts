import type { Environment } from '../../machinery/environment/environment.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import type { HttpBody } from '../../wire/http.ts';
import type { ListPage } from '../registry/read.ts';
import type { StoredObject } from '../registry/stored-object.ts';
import type { ChangeType } from '../watch/cache-event.ts';

/** How stored objects leave the server, in the shape that a client asked for. */
export interface ObjectFormat {
  readonly contentType: string;
  object(object: StoredObject): Uint8Array;
  /** A long list is made while it is being sent, and lets others in between. */
  list(page: ListPage, environment: Environment): HttpBody;
}

/** How the events of a watch are written, a frame each. */
export interface WatchFormat {
  readonly contentType: string;
  /** Names what `change` gives among all formats and shapes of one kind; undefined: it is not the same for everyone. */
  readonly sharedAs: string | undefined;
  /** `first`: nothing has been sent on this watch yet. */
  change(type: ChangeType, object: StoredObject, first: boolean): Uint8Array;
  bookmark(metadata: BookmarkMetadata): Uint8Array;
  error(error: StatusError): Uint8Array;
}

export interface BookmarkMetadata {
  readonly resourceVersion: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
