/** The parts of an image's name. Tag and digest are undefined where the name has none. */
export interface ImageName {
  /** With registry and, for Docker Hub's own, `library`: `docker.io/library/nginx`. */
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:...` */
  readonly digest: string | undefined;
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const pathPattern = new RegExp(`^${component}(?:/${component})*$`);
const domainPattern =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
/** Longest repository name that registries take. */
const maxLength = 255;

/** Reads a name as container runtimes do. Throws an `Error` in the words that end up in the pod's status. */
export function parseImageName(image: string): ImageName {
  const invalid = (words: string) => new Error(`couldn't parse image name "${image}": ${words}`);
  const [beforeDigest = '', digest, ...more] = image.split('@');
  if (more.length > 0 || (digest !== undefined && !digestPattern.test(digest)))
    throw invalid('invalid reference format');
  const colon = beforeDigest.lastIndexOf(':');
  const hasTag = colon > beforeDigest.lastIndexOf('/');
  const tag = hasTag ? beforeDigest.slice(colon + 1) : undefined;
  const named = hasTag ? beforeDigest.slice(0, colon) : beforeDigest;
  const { domain, path } = split(named);
  if (path !== path.toLowerCase())
    throw invalid(`invalid reference format: repository name (${path}) must be lowercase`);
  const valid = domainPattern.test(domain) && pathPattern.test(path) && (tag === undefined || tagPattern.test(tag));
  if (!valid || /^[a-f0-9]{64}$/.test(named)) throw invalid('invalid reference format');
  if (domain.length + path.length + 1 > maxLength)
    throw invalid(`repository name must not be more than ${maxLength} characters`);
  return { repository: `${domain}/${path}`, tag, digest };
}

/** The name with `:latest` where it has neither tag nor digest. Throws as `parseImageName`. */
export function withDefaultTag(image: string): string {
  const { tag, digest } = parseImageName(image);
  return tag === undefined && digest === undefined ? `${image}:latest` : image;
}

/** The name as it is written, less tag and digest. Throws as `parseImageName`. */
export function withoutTag(image: string): string {
  const { tag, digest } = parseImageName(image);
  const untilDigest = digest === undefined ? image : image.slice(0, -digest.length - 1);
  return tag === undefined ? untilDigest : untilDigest.slice(0, -tag.length - 1);
}

function split(named: string): { readonly domain: string; readonly path: string } {
  const slash = named.indexOf('/');
  const first = named.slice(0, slash);
  const isDomain = slash > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  if (!isDomain) return { domain: 'docker.io', path: slash < 0 ? `library/${named}` : named };
  const path = named.slice(slash + 1);
  if (first === 'docker.io' || first === 'index.docker.io')
    return { domain: 'docker.io', path: path.includes('/') ? path : `library/${path}` };
  return { domain: first, path };
}
