/** Headers that are about one connection and end with it (RFC 9110 7.6.1). */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

type Headers = Readonly<Record<string, string>>;

/** What is passed on of a request: not what proves who asks, which is for this server alone. */
export function forwardedRequestHeaders(headers: Headers): Record<string, string> {
  const named = namedInConnection(headers);
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) =>
        !hopByHop.has(name) && !named.has(name) && name !== 'authorization' && !name.startsWith('impersonate-'),
    ),
  );
}

/** What is passed back of an answer: without leave for other origins, which is this server's to give. */
export function forwardedResponseHeaders(headers: Headers): Record<string, string> {
  const named = namedInConnection(headers);
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !hopByHop.has(name) && !named.has(name) && !name.startsWith('access-control-'),
    ),
  );
}

function namedInConnection(headers: Headers): ReadonlySet<string> {
  return new Set((headers['connection'] ?? '').split(',').map((each) => each.trim().toLowerCase()));
}
