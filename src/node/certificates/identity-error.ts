/**
 * This machine cannot prove to the cluster who it is, or the cluster not to it. The message says what to do; trying again without
 * that is of no use unless `mayPass`.
 */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
  readonly mayPass: boolean;

  constructor(message: string, options: ErrorOptions & { readonly mayPass?: boolean } = {}) {
    super(message, options);
    this.mayPass = options.mayPass ?? false;
  }
}

/** How a user gets a token, in messages. */
export const newTokenAdvice =
  'run "stuurman token create --print-join-command" on the server, and here the command that it prints';
