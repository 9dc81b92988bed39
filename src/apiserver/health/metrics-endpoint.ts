import type { HttpResponse } from '../../wire/http.ts';
import type { PathHandler } from '../registry/extension-points.ts';

/** Where the numbers come from: the metric library that the composition root binds. */
export interface MetricsSource {
  /** In a text format of Prometheus, with the media type that names it. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** `/metrics`: everything that this server counts. */
export function metricsEndpoint(source: MetricsSource): PathHandler {
  return {
    paths: ['/metrics'],
    async fetch(): Promise<HttpResponse> {
      const { contentType, text } = await source.render();
      return { status: 200, headers: { 'content-type': contentType }, body: new TextEncoder().encode(text) };
    },
  };
}
