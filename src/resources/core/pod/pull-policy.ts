const domain = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const host = `(?:${domain}(?:\\.${domain})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?`;
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const name = `(?:${host}/)?${component}(?:/${component})*`;
const tag = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const reference = new RegExp(`^(${name})(?::(${tag}))?(?:@(${digest}))?$`);
const bareDigest = /^[a-f0-9]{64}$/;
const maxRepositoryLength = 255;

/** What is pulled when nobody says: always when the tag can move (`latest`, or none at all), else when it is missing. */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  const [, named = '', tagged, digested] = (bareDigest.test(image) ? null : reference.exec(image)) ?? [];
  if (named === '' || repositoryOf(named).length > maxRepositoryLength) return 'IfNotPresent';
  const effective = tagged ?? (digested === undefined ? 'latest' : '');
  return effective === 'latest' ? 'Always' : 'IfNotPresent';
}

/** A name without its host. Docker Hub keeps what has one part under `library`. */
function repositoryOf(named: string): string {
  const [first = '', ...rest] = named.split('/');
  const hasHost = rest.length > 0 && (/[.:A-Z]/.test(first) || first === 'localhost');
  const isHub = !hasHost || first === 'docker.io' || first === 'index.docker.io';
  const path = hasHost ? rest.join('/') : named;
  return isHub && !path.includes('/') ? `library/${path}` : path;
}
