import { expect, test } from 'vitest';
import { serverUrl } from './server-url.ts';

test.each([
  ['192.168.1.10:6443', 'https://192.168.1.10:6443'],
  ['192.168.1.10', 'https://192.168.1.10:6443'],
  ['api.example.org:443', 'https://api.example.org:443'],
  ['https://api.example.org:7000', 'https://api.example.org:7000'],
  ['https://api.example.org:7000/', 'https://api.example.org:7000'],
  ['[fd00::1]:6443', 'https://[fd00::1]:6443'],
])('%s is %s', (text, url) => {
  expect(serverUrl(text)).toBe(url);
});

test.each(['', 'http://api:6443', 'api:port', 'https://api/path', 'a b'])('"%s" is refused', (text) => {
  expect(() => serverUrl(text)).toThrow('give HOST:PORT');
});
