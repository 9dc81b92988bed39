import type { Authenticator, Credentials, UserInfo } from '../request.ts';
import { RecentMap } from './recent-map.ts';
import { withAuthenticatedGroup } from './users.ts';

/** The common name of a verified client certificate is the user, its organisations are the groups. */
export class ClientCertificates implements Authenticator {
  readonly name = 'x509';
  /** By fingerprint: a client that comes again is the same object, so that what is remembered about it is found. */
  readonly #users = new RecentMap<string, UserInfo>(10_000);

  async authenticate({ certificate }: Credentials): Promise<UserInfo | undefined> {
    if (certificate === undefined || certificate.commonName === '') return undefined;
    const known = this.#users.get(certificate.fingerprint);
    if (known !== undefined) return known;
    const user = withAuthenticatedGroup({
      username: certificate.commonName,
      groups: certificate.organizations,
      extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${certificate.fingerprint}`] },
    });
    this.#users.set(certificate.fingerprint, user);
    return user;
  }
}
