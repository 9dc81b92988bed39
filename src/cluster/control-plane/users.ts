import { allAuthenticated, serviceAccountGroups, serviceAccountUsername } from '../../apiserver/authn/users.ts';
import type { UserInfo } from '../../apiserver/request.ts';

/** The server itself: what it does on its own account passes every check. */
export const serverUser: UserInfo = {
  username: 'system:apiserver',
  groups: ['system:masters', allAuthenticated],
  extra: {},
};

/** Who the kubeconfig of a cluster stands for. */
export const adminUser: UserInfo = {
  username: 'kubernetes-admin',
  groups: ['system:masters', allAuthenticated],
  extra: {},
};

/** A component of the control plane, with the rights of its bootstrap role. */
export function componentUser(name: string): UserInfo {
  return { username: `system:${name}`, groups: [allAuthenticated], extra: {} };
}

export function serviceAccountUser(namespace: string, name: string): UserInfo {
  return {
    username: serviceAccountUsername(namespace, name),
    groups: [...serviceAccountGroups(namespace), allAuthenticated],
    extra: {},
  };
}

export function nodeUser(nodeName: string): UserInfo {
  return { username: `system:node:${nodeName}`, groups: ['system:nodes', allAuthenticated], extra: {} };
}
