import { groupResource } from '../../machinery/resource-type.ts';
import type { ComputedHandler, ConnectHandler, ReviewHandler, SubresourceHandler } from './extension-points.ts';

interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

/** What is served beside stored objects, found by resource and subresource. */
export class Extensions {
  readonly #subresources = new Map<string, SubresourceHandler>();
  readonly #connects = new Map<string, ConnectHandler>();
  readonly #reviews = new Map<string, ReviewHandler>();
  readonly #computed = new Map<string, ComputedHandler>();

  constructor(handlers: {
    readonly subresourceHandlers: readonly SubresourceHandler[];
    readonly reviewHandlers: readonly ReviewHandler[];
    readonly connectHandlers: readonly ConnectHandler[];
    readonly computedHandlers: readonly ComputedHandler[];
  }) {
    for (const handler of handlers.subresourceHandlers)
      this.#subresources.set(key(handler.resource, handler.subresource), handler);
    for (const handler of handlers.connectHandlers)
      this.#connects.set(key(handler.resource, handler.subresource), handler);
    for (const handler of handlers.reviewHandlers) this.#reviews.set(key(handler.resource, ''), handler);
    for (const handler of handlers.computedHandlers) this.#computed.set(key(handler.resource, ''), handler);
  }

  subresource(resource: GroupResource, subresource: string): SubresourceHandler | undefined {
    return this.#subresources.get(key(resource, subresource));
  }

  connect(resource: GroupResource, subresource: string): ConnectHandler | undefined {
    return this.#connects.get(key(resource, subresource));
  }

  review(resource: GroupResource): ReviewHandler | undefined {
    return this.#reviews.get(key(resource, ''));
  }

  computed(resource: GroupResource): ComputedHandler | undefined {
    return this.#computed.get(key(resource, ''));
  }
}

function key(resource: GroupResource, subresource: string): string {
  return subresource === '' ? groupResource(resource) : `${groupResource(resource)}/${subresource}`;
}
