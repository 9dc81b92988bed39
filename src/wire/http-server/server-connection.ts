import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../environment.ts';
import type { ClientCertificate, HttpConnection } from '../http-handler.ts';
import { type Certificate, parseCertificate } from '../pki/certificate.ts';

/**
 * One accepted connection. Its certificate was checked in the handshake; that it has not run out since is checked
 * whenever somebody asks, for connections live for days.
 */
export class ServerConnection implements HttpConnection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly secure: boolean;
  readonly #clock: Clock;
  readonly #presented: Certificate | undefined;
  readonly #verified: ClientCertificate | undefined;
  readonly #handshakeError: string | undefined;

  constructor(socket: Socket, clock: Clock) {
    this.remoteAddress = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    this.secure = socket instanceof TLSSocket;
    this.#clock = clock;
    const x509 = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
    if (!(socket instanceof TLSSocket) || x509 === undefined) return;
    try {
      this.#presented = parseCertificate(x509.raw);
    } catch (error) {
      this.#handshakeError = `the certificate cannot be read: ${String(error)}`;
      return;
    }
    if (!socket.authorized) {
      this.#handshakeError = String(socket.authorizationError);
      return;
    }
    this.#verified = { ...this.#presented.subject, fingerprint: this.#presented.fingerprint };
  }

  get certificate(): ClientCertificate | undefined {
    return this.#expired ? undefined : this.#verified;
  }

  get certificateError(): string | undefined {
    return this.#handshakeError ?? (this.#expired ? 'certificate has expired' : undefined);
  }

  get #expired(): boolean {
    return this.#presented !== undefined && this.#clock.now() > this.#presented.notAfterMs;
  }
}
