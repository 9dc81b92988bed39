import type { HttpResponse } from '../../wire/http.ts';
import type { Files } from '../host/host.ts';
import { textResponse } from './responses.ts';

/** Where the machine keeps its logs. */
const logDirectory = '/var/log';

/**
 * `/logs/`: what is in the machine's directory of logs, as a page of links or as it is. Unlike with a kubelet no link leads out of it:
 * a pod that may write there would read all of the machine by one. `path` is below `/logs`, as it was asked for.
 */
export async function systemLogs(files: Pick<Files, 'lookWithin'>, path: string): Promise<HttpResponse> {
  const isDirectory = path.endsWith('/');
  const name = path.split('/').filter((part) => part !== '');
  try {
    const found = await files.lookWithin(logDirectory, name.map(decodeURIComponent).join('/'));
    if ('names' in found) return isDirectory ? listOf(found.names) : movedTo(`${name.at(-1) ?? 'logs'}/`);
    if (isDirectory) return movedTo(`../${name.at(-1)}`);
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: found.bytes };
  } catch {
    return textResponse(404, '404 page not found\n');
  }
}

function listOf(names: readonly string[]): HttpResponse {
  const links = names.map((name) => `<a href="${hrefOf(name)}">${escaped(name)}</a>\n`);
  const page = `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links.join('')}</pre>\n`;
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: Buffer.from(page) };
}

function movedTo(location: string): HttpResponse {
  return { status: 301, headers: { location } };
}

function hrefOf(name: string): string {
  return escaped(encodeURI(name).replaceAll('?', '%3F').replaceAll('#', '%23'));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}
