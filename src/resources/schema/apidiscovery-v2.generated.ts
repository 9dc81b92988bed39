// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.
import type { Draft } from '../../machinery/object.ts';
import type * as metaV1 from './meta-v1.generated.ts';

export interface APIGroupDiscovery {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly versions?: readonly APIVersionDiscovery[] | undefined;
}

export interface APIGroupDiscoveryList {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ListMeta;
  readonly items?: readonly APIGroupDiscovery[] | undefined;
}

export interface APIResourceDiscovery {
  readonly resource?: string | undefined;
  readonly responseKind?: metaV1.GroupVersionKind | undefined;
  readonly scope?: string | undefined;
  readonly singularResource?: string | undefined;
  readonly verbs?: readonly string[] | undefined;
  readonly shortNames?: readonly string[] | undefined;
  readonly categories?: readonly string[] | undefined;
  readonly subresources?: readonly APISubresourceDiscovery[] | undefined;
}

export interface APISubresourceDiscovery {
  readonly subresource?: string | undefined;
  readonly responseKind?: metaV1.GroupVersionKind | undefined;
  readonly acceptedTypes?: readonly metaV1.GroupVersionKind[] | undefined;
  readonly verbs?: readonly string[] | undefined;
}

export interface APIVersionDiscovery {
  readonly version?: string | undefined;
  readonly resources?: readonly APIResourceDiscovery[] | undefined;
  readonly freshness?: string | undefined;
}

export type APIGroupDiscoveryDraft = Draft<APIGroupDiscovery>;
export type APIGroupDiscoveryListDraft = Draft<APIGroupDiscoveryList>;
