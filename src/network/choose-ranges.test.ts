import { expect, test } from 'vitest';
import { chooseRanges, type TakenRange } from './choose-ranges.ts';

const ofMachine = (ranges: readonly string[]) => ranges.map((range) => ({ range, owner: 'this machine' }));

test('the customary ranges are taken where they are free', () => {
  expect(chooseRanges(ofMachine(['0.0.0.0/0', '192.168.1.0/24']))).toEqual({
    pods: '10.244.0.0/16',
    services: '10.96.0.0/16',
    avoided: [],
  });
});

test('ranges that the machine uses are avoided, and it is said why', () => {
  expect(chooseRanges(ofMachine(['10.0.0.0/8', '172.28.5.0/24']))).toEqual({
    pods: '192.168.128.0/17',
    services: '172.29.0.0/16',
    avoided: [
      { range: '10.244.0.0/16', because: ofMachine(['10.0.0.0/8'])[0] },
      { range: '10.42.0.0/16', because: ofMachine(['10.0.0.0/8'])[0] },
      { range: '10.172.0.0/16', because: ofMachine(['10.0.0.0/8'])[0] },
      { range: '172.28.0.0/16', because: ofMachine(['172.28.5.0/24'])[0] },
      { range: '10.96.0.0/16', because: ofMachine(['10.0.0.0/8'])[0] },
      { range: '10.43.0.0/16', because: ofMachine(['10.0.0.0/8'])[0] },
      { range: '10.173.0.0/16', because: ofMachine(['10.0.0.0/8'])[0] },
    ],
  });
});

test('no range free: it is said what to pass', () => {
  expect(() => chooseRanges(ofMachine(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']))).toThrow(/--pod-cidr/);
});

test('many clusters find ranges of their own', () => {
  const taken: TakenRange[] = [];
  for (let count = 0; count < 30; count++) {
    const { pods, services } = chooseRanges(taken);
    expect(taken.map(({ range }) => range)).not.toContain(pods);
    expect(taken.map(({ range }) => range)).not.toContain(services);
    taken.push(...[pods, services].map((range) => ({ range, owner: `the cluster in /clusters/${count}` })));
  }
});
