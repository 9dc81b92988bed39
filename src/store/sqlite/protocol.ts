import type { LeaseId, RangeOptions, Transaction } from '../store.ts';

/** What the store asks of its worker thread. */
export type WorkerRequest =
  | { readonly type: 'commit'; readonly transactions: readonly Transaction[] }
  | { readonly type: 'get'; readonly key: string; readonly revision: number }
  | {
      readonly type: 'range';
      readonly start: string;
      readonly end: string;
      readonly options: Omit<RangeOptions, 'signal'>;
    }
  | { readonly type: 'history'; readonly start: string; readonly end: string; readonly fromRevision: number }
  | { readonly type: 'compactStep'; readonly revision: number; readonly afterId: number }
  | { readonly type: 'grantLease'; readonly ttlSeconds: number; readonly expiresAt: number }
  | { readonly type: 'renewLease'; readonly lease: LeaseId; readonly now: number }
  | { readonly type: 'endLeases'; readonly leases: readonly LeaseId[] }
  | { readonly type: 'close' };

export interface WorkerEnvelope {
  readonly id: number;
  readonly request: WorkerRequest;
}

export type WorkerReply =
  | { readonly id: number; readonly value: unknown }
  /** Errors lose their class on the way between threads; `kind` lets the other side make them again. */
  | {
      readonly id: number;
      readonly error: {
        readonly kind: 'compacted' | 'future' | 'other';
        readonly message: string;
        readonly revision: number;
      };
    };

/** What the thread is told first. */
export interface WorkerFile {
  readonly file: string;
}

/** Its answer, before any reply. */
export type WorkerOpened =
  | {
      readonly opened: {
        readonly revision: number;
        readonly leases: readonly { readonly id: LeaseId; readonly expiresAt: number }[];
      };
    }
  | { readonly failed: { readonly code: string; readonly message: string } };
