import { StatusError } from '../../machinery/status-error.ts';
import { ConnectionError } from '../../wire/http-client/connection-error.ts';
import { IdentityError, newTokenAdvice } from './identity-error.ts';

export interface FailedAttempt {
  /** Empty where they are not known. */
  readonly servers: readonly string[];
  /** Of this machine, milliseconds since 1970. */
  readonly now: number;
  /** What was shown: a bootstrap token, or a client certificate. */
  readonly shown: 'token' | 'certificate' | 'nothing';
}

/** An error on the way to the API in words that say what to do about it. */
export function explainFailure(error: unknown, attempt: FailedAttempt): unknown {
  if (error instanceof IdentityError) return error;
  const broken = causeOf(error, ConnectionError);
  if (broken !== undefined) return explainConnection(broken, attempt);
  const refusal = causeOf(error, StatusError);
  if (refusal?.reason === 'Unauthorized') return explainRefusal(refusal, attempt);
  return error;
}

function explainConnection(error: ConnectionError, { servers, now }: FailedAttempt): IdentityError {
  const where = error.target || servers.join(', ');
  const clock = new Date(now).toISOString();
  switch (error.code) {
    case 'CERT_NOT_YET_VALID':
      return new IdentityError(
        `the certificate of ${where} is not valid yet by the clock of this machine (${clock}): set the clock, or wait until it has been set, and try again`,
        { cause: error, mayPass: true },
      );
    case 'CERT_HAS_EXPIRED':
      return new IdentityError(
        `the certificate of ${where} has expired by the clock of this machine (${clock}): set the clock if it is wrong; else run "stuurman up" on the server, which renews its certificates`,
        { cause: error, mayPass: true },
      );
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
      return new IdentityError(
        `${where} shows a certificate of another cluster than this machine trusts: check the address; to join that cluster, ${newTokenAdvice}`,
        { cause: error },
      );
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return new IdentityError(
        `the certificate of ${where} is not for that address: use one of the addresses in the output of "stuurman token create --print-join-command"`,
        { cause: error },
      );
    default:
      return new IdentityError(
        `the API cannot be reached: ${error.message}. Check that the server is up ("stuurman status" there), and that its port is open to this machine`,
        { cause: error, mayPass: true },
      );
  }
}

function explainRefusal(error: StatusError, { servers, shown }: FailedAttempt): IdentityError {
  const cluster = servers.length === 0 ? 'the cluster' : `the cluster at ${servers.join(', ')}`;
  if (shown === 'token')
    return new IdentityError(
      `${cluster} does not accept the token: it has expired, was deleted, or is of another cluster; ${newTokenAdvice}`,
      { cause: error },
    );
  return new IdentityError(
    `${cluster} does not accept the client certificate of this node: it has expired by the server's clock, or is of another cluster; ${newTokenAdvice}`,
    { cause: error },
  );
}

/** The first error of this class among an error and its causes. */
function causeOf<T extends Error>(error: unknown, type: abstract new (...args: never[]) => T): T | undefined {
  for (let each = error; each instanceof Error; each = each.cause) if (each instanceof type) return each;
  return undefined;
}
