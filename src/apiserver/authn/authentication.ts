import { StatusError } from '../../machinery/status-error.ts';
import { unauthorized } from '../../machinery/status-errors.ts';
import type { Authenticator, Credentials, UserInfo } from '../request.ts';
import { anonymousUser } from './users.ts';

export interface AuthenticationOptions {
  /** In the order in which they are asked. */
  readonly authenticators: readonly Authenticator[];
  /** Whether requests without credentials go on as `system:anonymous`; what that user may do is a matter of authorisation. */
  readonly anonymous: boolean;
}

/**
 * Who asks. The first authenticator that knows the caller decides; credentials that are wrong do not count when others are right.
 * Throws Unauthorized for wrong credentials, and for none where anonymous requests are not let through.
 */
export class Authentication {
  readonly #options: AuthenticationOptions;

  constructor(options: AuthenticationOptions) {
    this.#options = options;
  }

  async authenticate(credentials: Credentials): Promise<UserInfo> {
    // A certificate that counts for nothing is no matter when a token is right.
    let refused = credentials.certificateError === undefined ? undefined : unauthorized();
    for (const authenticator of this.#options.authenticators) {
      try {
        const user = await authenticator.authenticate(credentials);
        if (user !== undefined) return user;
      } catch (error) {
        if (!(error instanceof StatusError) || error.reason !== 'Unauthorized') throw error;
        refused = error;
      }
    }
    if (refused !== undefined || !this.#options.anonymous) throw refused ?? unauthorized();
    return anonymousUser;
  }
}
