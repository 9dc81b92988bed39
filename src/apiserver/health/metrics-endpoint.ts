import type { HttpResponse } from '../../wire/http.ts';
import type { PathHandler } from '../registry/extension-points.ts';

/** A page of metrics in the text format of Prometheus; `render` is the metric library's, which the composition root binds. */
export function metricsEndpoint(path: string, render: () => Promise<string>): PathHandler {
  return {
    paths: [path],
    async fetch(): Promise<HttpResponse> {
      const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
      return { status: 200, headers, body: new TextEncoder().encode(await render()) };
    },
  };
}
