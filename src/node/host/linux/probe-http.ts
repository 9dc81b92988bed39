import * as http from 'node:http';
import * as https from 'node:https';
import { isIP } from 'node:net';
import type { Environment } from '../../../machinery/environment/environment.ts';
import type { HttpProbe, ProbeResult } from '../host.ts';
import { dialErrorMessage, joinHostPort } from './network-error.ts';

const maxBodyBytes = 10 << 10;
const maxRedirects = 10;
const userAgent = 'kube-probe/1.37';

/**
 * A GET as the kubelet probes: 200 to 399 is success, certificates are not verified, redirects are followed within the same host name
 * only - one that leads elsewhere is a success that ends there. The timeout covers all of it. Never throws.
 */
export async function probeHttp(environment: Environment, probe: HttpProbe): Promise<ProbeResult> {
  const deadline = environment.deadline(probe.timeoutMs);
  let url = probeUrl(probe);
  const first = url;
  let headers = probeHeaders(probe.headers);
  try {
    for (let redirects = 0; ; redirects++) {
      const response = await get(url, headers, deadline.signal);
      const target = redirectTarget(response, url);
      if (target === undefined || target.hostname !== first.hostname) return judge(response);
      if (redirects + 1 >= maxRedirects) return failure(`Get "${target.href}": stopped after 10 redirects`);
      // A redirect that names its host means that host, whatever the probe put into the header.
      if (/^([a-z]+:)?\/\//i.test(response.location)) headers = without(headers, 'host');
      url = target;
    }
  } catch (error) {
    if (deadline.signal.aborted) {
      return failure(
        `Get "${nameOf(url, first, probe.port)}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
      );
    }
    return failure(`Get "${nameOf(url, first, probe.port)}": ${requestErrorMessage(url, error)}`);
  } finally {
    deadline.cancel();
  }
}

/** The probe's own address is named with its port, even where that is the scheme's usual one. */
function nameOf(url: URL, first: URL, port: number): string {
  if (url !== first || url.port !== '') return url.href;
  return `${url.protocol}//${url.hostname}:${port}${url.href.slice(url.origin.length)}`;
}

/** A path that is no URL is passed on as it stands. */
function probeUrl(probe: HttpProbe): URL {
  const path = probe.path.startsWith('/') ? probe.path : `/${probe.path}`;
  return new URL(`${probe.scheme}://${joinHostPort(probe.address, probe.port)}${path}`);
}

type Headers = Readonly<Record<string, string>>;

/** An empty Accept header takes the default one away. */
function probeHeaders(given: Headers): Headers {
  const lower = Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
  const headers = { 'user-agent': userAgent, accept: '*/*', ...lower };
  return headers.accept === '' ? without(headers, 'accept') : headers;
}

function without(headers: Headers, name: string): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name));
}

interface Response {
  readonly status: number;
  /** Empty when there is none. */
  readonly location: string;
  readonly body: string;
}

function redirectTarget(response: Response, from: URL): URL | undefined {
  const redirects = [301, 302, 303, 307, 308];
  if (!redirects.includes(response.status) || response.location === '') return undefined;
  const target = new URL(response.location, from);
  return target.protocol === 'http:' || target.protocol === 'https:' ? target : undefined;
}

function judge(response: Response): ProbeResult {
  if (response.status < 200 || response.status >= 400) {
    // The body may hold secrets, and this message becomes an event.
    return failure(`HTTP probe failed with statuscode: ${response.status}`);
  }
  const terminated = response.status >= 300 ? 'Probe terminated redirects, Response body: ' : '';
  return { outcome: 'success', message: `${terminated}${response.body}` };
}

function failure(message: string): ProbeResult {
  return { outcome: 'failure', message };
}

function get(url: URL, headers: Headers, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const options = {
      method: 'GET',
      headers,
      signal,
      agent: false,
      hostname: url.hostname.replaceAll(/^\[|\]$/g, ''),
      port: url.port === '' ? undefined : url.port,
      path: `${url.pathname}${url.search}`,
    };
    const request =
      url.protocol === 'https:'
        ? https.request({
            ...options,
            rejectUnauthorized: false,
            servername: isIP(options.hostname) ? '' : url.hostname,
          })
        : http.request(options);
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const end = () => {
        request.destroy();
        const body = Buffer.concat(chunks).subarray(0, maxBodyBytes).toString('utf8');
        resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '', body });
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes >= maxBodyBytes) end();
      });
      response.on('end', end);
      response.on('error', reject);
    });
    request.end();
  });
}

function requestErrorMessage(url: URL, error: unknown): string {
  const { code, message, syscall } = error as NodeJS.ErrnoException;
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  if (syscall === 'connect' || syscall === 'getaddrinfo') return dialErrorMessage(url.hostname, port, error);
  if (code === 'ECONNRESET' && message === 'socket hang up') return 'EOF';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO') {
    return 'http: server gave HTTP response to HTTPS client';
  }
  return message;
}
