import { expect, test } from 'vitest';
import { chooseRanges } from './choose-ranges.ts';

test('the customary ranges are taken where they are free', () => {
  expect(chooseRanges(['0.0.0.0/0', '192.168.1.0/24'])).toEqual({
    pods: '10.244.0.0/16',
    services: '10.96.0.0/16',
    avoided: [],
  });
});

test('ranges that the machine uses are avoided, and it is said why', () => {
  expect(chooseRanges(['10.0.0.0/8', '172.28.5.0/24'])).toEqual({
    pods: '192.168.128.0/17',
    services: '172.29.0.0/16',
    avoided: [
      { range: '10.244.0.0/16', because: '10.0.0.0/8' },
      { range: '10.42.0.0/16', because: '10.0.0.0/8' },
      { range: '10.172.0.0/16', because: '10.0.0.0/8' },
      { range: '172.28.0.0/16', because: '172.28.5.0/24' },
      { range: '10.96.0.0/16', because: '10.0.0.0/8' },
      { range: '10.43.0.0/16', because: '10.0.0.0/8' },
      { range: '10.173.0.0/16', because: '10.0.0.0/8' },
    ],
  });
});

test('no range free: it is said what to pass', () => {
  expect(() => chooseRanges(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'])).toThrow(/--pod-cidr/);
});
