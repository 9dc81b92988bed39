import type { HttpResponse, UpgradeResponse } from '../http.ts';
import type { ExecStreams } from './exec-streams.ts';

/** An upgrade that was agreed to, or the answer that refuses it. */
export type AcceptedExec =
  | {
      readonly response: Extract<UpgradeResponse, { readonly status: 101 }>;
      /** Rejects when the client does not open its streams in time. */
      readonly streams: Promise<ExecStreams>;
    }
  | { readonly response: HttpResponse; readonly streams?: undefined };

/** How long a client may take to close its side after the end. */
export const lingerMs = 10_000;
