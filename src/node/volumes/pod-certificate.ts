import type { Environment, Timer } from '../../machinery/environment/environment.ts';
import { quote } from '../../machinery/go-text.ts';
import { parseTime } from '../../machinery/time.ts';
import { answerOf } from '../../resources/certificates/pod-certificate-state.ts';
import type { PodCertificateRequest } from '../../resources/schema/certificates-v1.generated.ts';
import { pemBlocks, toPem } from '../../wire/pki/pem.ts';

/** A key with its certificate, both PEM. */
export interface Credentials {
  readonly key: string;
  readonly chain: string;
}

/** A request that was made, with the key that it is for. */
export interface Asked {
  readonly name: string;
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export interface PodCertificateOptions {
  readonly environment: Environment;
  /** Makes a key and a request for it. */
  ask(): Promise<Asked>;
  /** As far as this node knows it. */
  request(name: string): PodCertificateRequest | undefined;
  warn(reason: string, message: string): void;
  onChange(): void;
}

type State =
  | { readonly phase: 'initial' }
  | { readonly phase: 'waiting'; readonly asked: Pending; readonly issued: Issued | undefined }
  | { readonly phase: 'issued'; readonly issued: Issued }
  | { readonly phase: 'refused'; readonly why: string };

interface Pending extends Asked {
  /** One that is not known by then was deleted. */
  readonly abandonAt: number;
}

interface Issued extends Credentials {
  readonly refreshAt: number;
  readonly endsAt: number;
  toldOverdue: boolean;
  toldEnded: boolean;
}

const abandonedAfterMs = 10 * 60_000;
const overdueAfterMs = 10 * 60_000;
/** So that those of many pods are not asked for at once. */
const jitterMs = 5 * 60_000;
const lookEveryMs = 60_000;
const firstRetryMs = 500;
const longestRetryMs = 122_000;

/**
 * One certificate of one pod, from the first request to its replacement (KEP-4317): asked for, waited for, asked for anew when its signer
 * said so. A refusal is for ever.
 */
export class PodCertificate {
  readonly #options: PodCertificateOptions;
  #state: State = { phase: 'initial' };
  #timer: Timer | undefined;
  #failures = 0;
  #isBusy = false;
  #wasTold = false;
  #isClosed = false;

  constructor(options: PodCertificateOptions) {
    this.#options = options;
    this.look();
  }

  /** Throws an `Error` in the words of a kubelet while there are none. */
  get credentials(): Credentials {
    const state = this.#state;
    if (state.phase === 'refused') throw new Error(state.why);
    const issued = state.phase === 'initial' ? undefined : state.issued;
    if (issued === undefined) throw new Error('credential bundle is not issued yet');
    return issued;
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** Something may have changed. */
  look(): void {
    if (this.#isClosed) return;
    this.#wasTold = true;
    if (!this.#isBusy) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    this.#timer?.cancel();
    let nextMs = lookEveryMs * (1 + this.#options.environment.random());
    while (this.#wasTold && !this.#isClosed) {
      this.#wasTold = false;
      try {
        await this.#advance();
        this.#failures = 0;
      } catch {
        // What is wrong shows in the volume that is not there: it is not issued yet.
        nextMs = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#failures++);
      }
    }
    this.#isBusy = false;
    if (!this.#isClosed) this.#timer = this.#options.environment.setTimer(nextMs, () => this.look());
  }

  async #advance(): Promise<void> {
    const state = this.#state;
    const { environment } = this.#options;
    if (state.phase === 'refused') return;
    if (state.phase === 'waiting') {
      const request = this.#options.request(state.asked.name);
      if (request !== undefined) this.#take(request, state.asked);
      else if (environment.now() > state.asked.abandonAt) {
        this.#state = state.issued === undefined ? { phase: 'initial' } : { phase: 'issued', issued: state.issued };
        this.look();
        return;
      }
      if (this.#state === state) this.#tellOfAge(state.issued);
      return;
    }
    const issued = state.phase === 'issued' ? state.issued : undefined;
    if (issued !== undefined && environment.now() < issued.refreshAt) return;
    this.#tellOfAge(issued);
    const asked = await this.#options.ask();
    const abandonAt = asked.createdAt + abandonedAfterMs + jitterMs * environment.random();
    this.#state = { phase: 'waiting', asked: { ...asked, abandonAt }, issued };
    // The answer may have come before it was waited for.
    this.#wasTold ||= this.#options.request(asked.name) !== undefined;
  }

  #take(request: PodCertificateRequest, { key }: Asked): void {
    const { status, metadata } = request;
    const answer = answerOf(status);
    if (answer === undefined) return;
    const { type, reason, message } = answer;
    if (type === 'Issued') {
      const { environment } = this.#options;
      const refreshAt = (parseTime(status?.beginRefreshAt) ?? 0) + jitterMs * environment.random();
      const issued = {
        key,
        chain: bareChain(status?.certificateChain ?? ''),
        refreshAt,
        endsAt: parseTime(status?.notAfter) ?? 0,
        toldOverdue: false,
        toldEnded: false,
      };
      this.#state = { phase: 'issued', issued };
    } else {
      const verb = type === 'Denied' ? 'denied' : 'failed';
      const details = `reason=${quote(reason)} message=${quote(message)}`;
      this.#state = { phase: 'refused', why: `PodCertificateRequest was permanently ${verb}: ${details}` };
      const told = `PodCertificateRequest ${metadata.namespace}/${metadata.name} ${type === 'Denied' ? 'was denied' : 'failed'}`;
      // The kubelet takes the reason for a format that has no place for what it tells.
      const extra = `${told}, reason=${quote(reason)}, message=${quote(message)}`;
      this.#options.warn(type, `${reason}%!(EXTRA string=${extra})`);
    }
    this.#options.onChange();
  }

  /** Once each, of a certificate that is not replaced in time. */
  #tellOfAge(issued: Issued | undefined): void {
    if (issued === undefined) return;
    const { environment, warn } = this.#options;
    if (environment.now() > issued.refreshAt + overdueAfterMs && !issued.toldOverdue) {
      issued.toldOverdue = true;
      warn('CertificateOverdueForRefresh', 'PodCertificate refresh overdue');
    }
    if (environment.now() > issued.endsAt && !issued.toldEnded) {
      issued.toldEnded = true;
      warn('CertificateExpired', 'PodCertificate expired');
    }
  }
}

/** The certificates alone, without what may stand between them. */
function bareChain(chain: string): string {
  return pemBlocks(chain)
    .map(({ content }) => toPem('CERTIFICATE', content))
    .join('');
}
