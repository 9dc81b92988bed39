import { expect, test } from 'vitest';
import { throughProxy } from './proxied-links.ts';

const prefix = '/api/v1/namespaces/a/pods/b/proxy';
const place = { prefix, requestHost: 'localhost:8001', targetHost: '10.1.2.3:8080' };

// What a proxy of release 1.37.1 made of them.
test.each([
  ['/', `${prefix}/`],
  ['/x/?y=1#z', `${prefix}/x/?y=1#z`],
  [`${prefix}/already`, `${prefix}/already`],
  ['relative', 'relative'],
  ['', ''],
  ['#part', '#part'],
  ['//other/x', '//other/x'],
  ['https://example.com/x', 'https://example.com/x'],
  ['mailto:a@b', 'mailto:a@b'],
  ['http://10.1.2.3:8080/x', `${prefix}/x`],
  ['http://10.1.2.3:8081/x', 'http://10.1.2.3:8081/x'],
  ['http://localhost:8001/x', `http://localhost:8001${prefix}/x`],
  [`http://localhost:8001${prefix}/x`, `http://localhost:8001${prefix}/x`],
])('%s', (link, expected) => {
  expect(throughProxy(link, place)).toBe(expected);
});

test('hosts that are not known are nobody', () => {
  expect(throughProxy('http:///x', { prefix, requestHost: '', targetHost: '' })).toBe('http:///x');
});
