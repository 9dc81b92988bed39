import { expect, test } from 'vitest';
import type { Authorizer, Decision, RequestInfo, UserInfo } from '../request.ts';
import { AuthorizerChain } from './authorizer-chain.ts';
import { privilegedGroups } from './privileged-groups.ts';
import { requireAuthorized } from './require-authorized.ts';

const bob: UserInfo = { username: 'bob', groups: [], extra: {} };
const info: RequestInfo = { isResource: false, path: '/x', verb: 'get' };

function answering(name: string, decision: Decision['decision'], reason = ''): Authorizer {
  return { name, authorize: () => ({ decision, reason }) };
}

test('the first opinion counts', () => {
  const chain = new AuthorizerChain([
    answering('a', 'noOpinion', 'why'),
    answering('b', 'deny', 'no'),
    answering('c', 'allow'),
  ]);
  expect(chain.authorize(bob, info)).toEqual({ decision: 'deny', reason: 'no' });
});

test('without one, all reasons are told', () => {
  const chain = new AuthorizerChain([
    answering('a', 'noOpinion', 'node: x'),
    answering('b', 'noOpinion'),
    answering('c', 'noOpinion', 'rbac: y'),
  ]);
  expect(chain.authorize(bob, info)).toEqual({ decision: 'noOpinion', reason: 'node: x\nrbac: y' });
  expect(() => requireAuthorized(chain, bob, info)).toThrow(
    'forbidden: User "bob" cannot get path "/x": node: x\nrbac: y',
  );
});

test('system:masters may do everything', () => {
  const chain = new AuthorizerChain([privilegedGroups, answering('b', 'deny')]);
  expect(() => requireAuthorized(chain, { ...bob, groups: ['system:masters'] }, info)).not.toThrow();
  expect(() => requireAuthorized(chain, bob, info)).toThrow('cannot get path');
});
