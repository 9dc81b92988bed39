import type { ContainerRuntime } from '../../runtime/runtime.ts';
import type { Credential } from './registry-credentials.ts';

export interface PulledWith {
  /** The image's id. */
  readonly reference: string;
  /** Undefined: nobody had to log in. */
  readonly credential: Credential | undefined;
}

/** Tries one login after the other; without any, none. Throws an `AggregateError` when none of several would do. */
export async function pullWithCredentials(
  runtime: Pick<ContainerRuntime, 'pullImage'>,
  image: string,
  credentials: readonly Credential[],
  signal: AbortSignal,
): Promise<PulledWith> {
  if (credentials.length === 0)
    return { reference: await runtime.pullImage(image, undefined, signal), credential: undefined };
  const errors: unknown[] = [];
  for (const credential of credentials) {
    try {
      return { reference: await runtime.pullImage(image, credential.login, signal), credential };
    } catch (error) {
      signal.throwIfAborted();
      errors.push(error);
    }
  }
  throw new AggregateError(errors, `none of ${errors.length} logins would do for ${image}`);
}
