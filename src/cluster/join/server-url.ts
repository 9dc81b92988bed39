/** The URL of `host:port`, `host` or a URL; 6443 is the usual port. Throws for what is neither. */
export function serverUrl(text: string): string {
  const url = URL.canParse(text) && /^\w+:\/\//.test(text) ? new URL(text) : parse(`https://${text}`);
  if (
    url === undefined ||
    url.protocol !== 'https:' ||
    url.hostname === '' ||
    url.pathname !== '/' ||
    url.search !== ''
  )
    throw new Error(`"${text}" is not where an API is: give HOST:PORT, such as 192.168.1.10:6443`);
  return `https://${url.hostname}:${url.port === '' ? portOf(text) : url.port}`;
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** URLs leave out the port that is usual for their protocol. */
function portOf(text: string): number {
  return /:443\/?$/.test(text) ? 443 : 6443;
}
