import { BackOff } from '../../client/back-off.ts';
import type { Client } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { CertificateRequestOptions } from '../../wire/pki/certificate-request.ts';
import { certificateValidity } from '../../wire/pki/certificate-validity.ts';
import type { KeyPair } from '../../wire/pki/key-pair.ts';
import { type CertificateFile, type CertificatePair, certificatePair } from './certificate-file.ts';
import { renewalReason, renewalTime } from './decide-renewal.ts';
import { explainFailure } from './explain-failure.ts';
import { IdentityError } from './identity-error.ts';
import { type CertificateWish, requestCertificate } from './request-certificate.ts';

export interface CertificateKeeperOptions extends Pick<CertificateWish, 'signerName' | 'usages' | 'expirationSeconds'> {
  readonly environment: Environment;
  readonly logger: Logger;
  /** In logs: `client`, `serving`. */
  readonly name: string;
  readonly file: CertificateFile;
  readonly client: Client;
  /** What the certificate must say at this moment; undefined while that is not known. */
  readonly wanted: () => CertificateRequestOptions | undefined;
  readonly makeKeyPair: () => KeyPair;
  /** Told of the certificate that was found, and of each that replaces it. */
  readonly onCertificate: (pair: CertificatePair) => void;
}

/** The clock of a machine that slept jumps, so it is looked at again and again. */
const lookEveryMs = 60_000;

/** Keeps one certificate in a file and in use, and renews it in time and when what it must say has changed. */
export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  readonly #stop = new AbortController();
  readonly #backOff: BackOff;
  #current: CertificatePair | undefined;
  #dueMs = 0;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #lookAgain = false;

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.environment, { initialMs: 2_000, maximumMs: 60_000, factor: 2, jitter: 0.1 });
  }

  get current(): CertificatePair | undefined {
    return this.#current;
  }

  /** Takes up the certificate in the file; from then on renews it. */
  async start(): Promise<void> {
    const found = await this.#options.file.read();
    if (found !== undefined) this.#use(found);
    this.#running = this.#run(this.#stop.signal);
  }

  /** What the certificate must say may have changed: looks at once. */
  look(): void {
    this.#lookAgain = true;
    this.#wake?.();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('the agent was stopped', 'AbortError'));
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let waitMs = lookEveryMs;
      try {
        await this.#renewIfDue(signal);
        this.#backOff.reset();
      } catch (error) {
        if (signal.aborted) return;
        waitMs = this.#backOff.next();
        const { environment, logger, name } = this.#options;
        const err = explainFailure(error, { servers: [], now: environment.now(), shown: 'certificate' });
        logger.warn('the certificate was not renewed', { certificate: name, err });
      }
      await this.#sleep(waitMs, signal);
    }
  }

  async #renewIfDue(signal: AbortSignal): Promise<void> {
    const { environment, logger, name, wanted } = this.#options;
    const content = wanted();
    if (content === undefined) return;
    const reason = renewalReason(this.#current?.certificate, content, this.#dueMs, environment.now());
    if (reason === undefined) return;
    logger.info('a certificate is asked for', { certificate: name, because: reason });
    const pair = await this.#obtain(content, signal);
    await this.#options.file.write(pair);
    this.#use(pair);
  }

  async #obtain(content: CertificateRequestOptions, signal: AbortSignal): Promise<CertificatePair> {
    const { environment, client, file, makeKeyPair, signerName, usages, expirationSeconds } = this.#options;
    const pending = await file.pendingRequest(() => ({ keyPair: makeKeyPair(), id: environment.id() }));
    const { keyPair } = pending;
    const wish = { content, pending, signerName, usages, expirationSeconds };
    try {
      const certificate = await requestCertificate(client, environment, wish, signal);
      checkCertificate(certificatePair(certificate, keyPair), environment.now());
      return certificatePair(certificate, keyPair);
    } catch (error) {
      // What was refused once is refused for ever: the next attempt is another request.
      if (error instanceof IdentityError && !error.mayPass) await file.dropPendingRequest();
      throw error;
    }
  }

  #use(pair: CertificatePair): void {
    const { environment, logger, name, onCertificate } = this.#options;
    this.#current = pair;
    this.#dueMs = renewalTime(pair.certificate, () => environment.random());
    const { notAfterMs } = pair.certificate;
    logger.info('a certificate is in use', { certificate: name, until: new Date(notAfterMs).toISOString() });
    onCertificate(pair);
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#lookAgain) {
      this.#lookAgain = false;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.environment.setTimer(ms, resolve);
    this.#wake = resolve;
    signal.addEventListener('abort', resolve as () => void, { once: true });
    await promise;
    timer.cancel();
    this.#wake = undefined;
    this.#lookAgain = false;
    signal.removeEventListener('abort', resolve as () => void);
  }
}

/** Throws `IdentityError` when a certificate just issued is not one to use here and now. */
export function checkCertificate({ certificate, keyPair }: CertificatePair, now: number): void {
  if (!certificate.x509.checkPrivateKey(keyPair.privateKey))
    throw new IdentityError('the certificate that was issued is for another key than was asked for');
  const { state } = certificateValidity(certificate, now);
  if (state === 'valid') return;
  const [begin, end] = [certificate.notBeforeMs, certificate.notAfterMs].map((ms) => new Date(ms).toISOString());
  const side = state === 'expired' ? 'fast' : 'slow';
  throw new IdentityError(
    `a certificate issued just now is valid from ${begin} to ${end}, and the clock of this machine says ${new Date(now).toISOString()}: it is too ${side}, or that of the server is wrong; set it, and try again`,
    { mayPass: true },
  );
}
