import { expect, test } from 'vitest';
import type { HttpResponse } from '../../../src/wire/http.ts';
import { type Peer, play } from './play.ts';
import { get, post } from './scenario.ts';

const created: HttpResponse = { status: 201, headers: {} };
const never = new Promise<never>(() => {});

/** Answers at once whatever is created, and all else as told. */
const peerThat = (answer: () => Promise<HttpResponse>): Peer => ({
  fetch: async ({ method }) => (method === 'POST' ? created : answer()),
  elapse: async () => {},
  answersWithinMs: 20,
});

async function* endless() {
  yield new TextEncoder().encode('{');
  await never;
}

test.each([
  ['does not begin', () => never],
  ['does not end', async () => ({ status: 200, headers: {}, body: endless() })],
])('an answer that %s is an error that names the request', async (_, answer) => {
  const steps = [post('/api/v1/pods', {}), get('/api/v1/pods?watch=sometimes')];
  await expect(play('pods', { what: 'life', steps }, peerThat(answer))).rejects.toThrow(
    'GET /api/v1/pods?watch=sometimes: the answer did not end within 20 ms',
  );
});

test('a request fails with the reason that its peer has', async () => {
  const refuse = () => Promise.reject(new Error('connection refused'));
  await expect(play('pods', { what: 'life', steps: [get('/x')] }, peerThat(refuse))).rejects.toThrow('refused');
});
