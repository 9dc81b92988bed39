// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.
import type { Draft } from '../../machinery/object.ts';
import type * as coreV1 from './core-v1.generated.ts';
import type * as metaV1 from './meta-v1.generated.ts';

export interface Event {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly eventTime: string;
  readonly series?: EventSeries | undefined;
  readonly reportingController?: string | undefined;
  readonly reportingInstance?: string | undefined;
  readonly action?: string | undefined;
  readonly reason?: string | undefined;
  readonly regarding?: coreV1.ObjectReference | undefined;
  readonly related?: coreV1.ObjectReference | undefined;
  readonly note?: string | undefined;
  readonly type?: string | undefined;
  readonly deprecatedSource?: coreV1.EventSource | undefined;
  readonly deprecatedFirstTimestamp?: string | undefined;
  readonly deprecatedLastTimestamp?: string | undefined;
  readonly deprecatedCount?: number | undefined;
}

export interface EventSeries {
  readonly count: number;
  readonly lastObservedTime: string;
}

export type EventDraft = Draft<Event>;
