import type { StartFailure } from '../../pod-status/container-statuses.ts';
import { runtimeText } from '../../pods/runtime-text.ts';
import { RuntimeError } from '../../runtime/runtime.ts';

/** Causes that runtimes name in front of their words. */
const causes = [
  ['RegistryUnavailable', 'the registry is unavailable'],
  ['SignatureValidationFailed', 'the signature validation failed'],
] as const;

/** What a failed pull makes of its container's status. */
export function pullFailure(image: string, text: string): StartFailure {
  for (const [reason, words] of causes)
    if (text.startsWith(reason))
      return { reason, message: `image pull failed for ${image} because ${words}${text.slice(reason.length)}` };
  return { reason: 'ErrImagePull', message: text };
}

/** An error without a kind of its own is passed on in the runtime's words alone; several, one for each login that was tried, in brackets. */
export function pullErrorText(error: unknown): string {
  if (error instanceof AggregateError) {
    const texts = [...new Set(error.errors.map(pullErrorText))];
    return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  }
  return error instanceof RuntimeError && error.code === 'Unknown' ? error.message : runtimeText(error);
}
