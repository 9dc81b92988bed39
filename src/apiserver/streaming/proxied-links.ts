/** What is known of a proxy when the links behind it are turned into ones through it. */
export interface ProxyPlace {
  /** The path of the proxy, without a slash at its end: `/api/v1/namespaces/a/pods/b/proxy`. */
  readonly prefix: string;
  /** The host, with its port, by which the client asked; empty when it did not say. */
  readonly requestHost: string;
  /** That which was asked behind the proxy; empty when it has none. */
  readonly targetHost: string;
}

/**
 * A link as it leads through the proxy, if it leads to where the page came from by an absolute path; any other as it is. As Kubernetes
 * does it, a name of the host by which the client asked stays, and that of the target, which the client does not reach, goes.
 */
export function throughProxy(link: string, { prefix, requestHost, targetHost }: ProxyPlace): string {
  const absolute = /^(?:[a-z][a-z0-9+.-]*:)?\/\/([^/?#]*)(\/[\s\S]*)$/i.exec(link);
  if (absolute === null) return link.startsWith('/') && !link.startsWith('//') ? withPrefix(prefix, link) : link;
  const [, host = '', path = ''] = absolute;
  if (host !== '' && host === requestHost) return link.slice(0, -path.length) + withPrefix(prefix, path);
  return host !== '' && host === targetHost ? withPrefix(prefix, path) : link;
}

function withPrefix(prefix: string, path: string): string {
  return path.startsWith(prefix) ? path : prefix + path;
}
