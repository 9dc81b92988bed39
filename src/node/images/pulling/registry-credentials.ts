import { createHash } from 'node:crypto';
import type { Secret } from '../../../resources/schema/core-v1.generated.ts';
import type { RegistryLogin } from '../../runtime/runtime.ts';
import { matchesGlob } from './glob.ts';

/** The secret that a credential was read from. */
export interface SecretSource {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Credential {
  readonly login: RegistryLogin;
  /** Tells one login from another without holding it. */
  readonly hash: string;
  /** Undefined: of the node itself, for all of its pods. */
  readonly source: SecretSource | undefined;
}

/** Docker Hub has this name in configuration files, `https://index.docker.io/v1/` in full. */
const dockerHub = 'index.docker.io';

const configTypes: readonly (readonly [type: string, key: string])[] = [
  ['kubernetes.io/dockerconfigjson', '.dockerconfigjson'],
  ['kubernetes.io/dockercfg', '.dockercfg'],
];

/**
 * Logins for registries by the places they are for: a host, perhaps with port and the beginning of a path, `*` within the parts of the
 * host's name. What is more specific comes first.
 */
export class RegistryCredentials {
  readonly #byPlace = new Map<string, Credential[]>();

  /** Adds those of a secret of either type for pulling images. Throws an `Error` that says what is wrong with it. */
  addSecret({ metadata, type, data }: Secret): void {
    const { uid = '', namespace = '', name = '' } = metadata;
    for (const [wanted, key] of configTypes) {
      const encoded = data?.[key];
      if (type !== wanted || encoded === undefined || encoded === '') continue;
      try {
        this.addConfig(Buffer.from(encoded, 'base64').toString('utf8'), { uid, namespace, name });
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`image pull secret ${namespace}/${name} cannot be used: ${why}`, { cause: error });
      }
    }
  }

  /** Adds those of a docker configuration file, which has them under `auths`, or of one in the older form, which has nothing else. */
  addConfig(text: string, source: SecretSource | undefined): void {
    const parsed: unknown = JSON.parse(text);
    if (!isRecord(parsed)) throw new Error('its configuration is no JSON object');
    const entries = 'auths' in parsed ? (parsed['auths'] ?? {}) : parsed;
    if (!isRecord(entries)) throw new Error('auths is no JSON object');
    for (const [place, entry] of Object.entries(entries)) {
      if (!isRecord(entry)) continue;
      const login = loginOf(place, entry);
      const hash = createHash('sha256')
        .update(JSON.stringify([login.username, login.password]))
        .digest('hex');
      const key = placeOf(place);
      const known = this.#byPlace.get(key) ?? [];
      this.#byPlace.set(key, [...known, { login, hash, source }]);
    }
  }

  /** The logins to try for a repository (`registry.example.com:5000/team/app`), in this order. */
  for(repository: string): readonly Credential[] {
    const places = [...this.#byPlace.keys()].sort().reverse();
    const found = places
      .filter((place) => matches(place, repository))
      .flatMap((place) => this.#byPlace.get(place) ?? []);
    if (found.length > 0 || !repository.startsWith('docker.io/')) return found;
    return this.#byPlace.get(dockerHub) ?? [];
  }
}

function loginOf(place: string, entry: Readonly<Record<string, unknown>>): RegistryLogin {
  const text = (field: string) => (typeof entry[field] === 'string' ? entry[field] : '');
  const auth = text('auth').trim();
  if (auth === '') return { username: text('username'), password: text('password') };
  const decoded = Buffer.from(auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0)
    throw new Error(`unable to parse auth field of ${place}, must be formatted as base64(username:password)`);
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** `https://registry.example.com/v2/team/` is written `registry.example.com/team/` here: neither scheme nor API version tell anything. */
function placeOf(written: string): string {
  const bare = written.replace(/^https?:\/\//, '').split(/[?#]/, 1)[0] ?? '';
  const { host, path } = split(bare);
  const shortened = /^\/v[12]\//.test(path) ? path.slice(3) : path;
  return host.slice(host.lastIndexOf('@') + 1) + (shortened === '/' ? '' : shortened);
}

function matches(place: string, repository: string): boolean {
  const [pattern, target] = [split(place), split(repository)];
  const [patternHost, patternPort] = splitPort(pattern.host);
  const [targetHost, targetPort] = splitPort(target.host);
  if (patternPort !== targetPort || !target.path.startsWith(pattern.path)) return false;
  const [patternParts, targetParts] = [patternHost.split('.'), targetHost.split('.')];
  return (
    patternParts.length === targetParts.length &&
    patternParts.every((part, index) => matchesGlob(part, targetParts[index] ?? ''))
  );
}

function split(place: string): { readonly host: string; readonly path: string } {
  const slash = place.indexOf('/');
  return slash < 0 ? { host: place, path: '' } : { host: place.slice(0, slash), path: place.slice(slash) };
}

function splitPort(host: string): readonly [host: string, port: string] {
  const found = /^(.*):(\d+)$/.exec(host);
  return found === null ? [host, ''] : [found[1] ?? '', found[2] ?? ''];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
