/** `runtime/default`, `docker/default`, `unconfined` or `localhost/profiles/x.json`. */
export function isStandardSeccompAnnotation(profile: string): boolean {
  if (profile === 'runtime/default' || profile === 'docker/default' || profile === 'unconfined') return true;
  if (!profile.startsWith('localhost/')) return false;
  const path = profile.slice('localhost/'.length);
  return !path.startsWith('/') && !path.split('/').includes('..');
}
