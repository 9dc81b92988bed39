import { parseFieldSelector } from '../../machinery/field-selector.ts';
import type { PolicyRule } from '../../resources/schema/rbac-v1.generated.ts';
import type { Authorizer, Decision, RequestInfo, ResourceRequestInfo, UserInfo } from '../request.ts';
import { type CompiledRules, compileRules } from './compiled-rules.ts';
import type { NodeGraph, RelatedKind } from './node-graph.ts';

const allow: Decision = { decision: 'allow', reason: '' };
const noOpinion: Decision = { decision: 'noOpinion', reason: '' };

/** The node a user is; undefined for other users, the empty string for one of `system:nodes` that names no node. */
export function nodeNameOf(user: UserInfo): string | undefined {
  const prefix = 'system:node:';
  if (!user.username.startsWith(prefix) || !user.groups.includes('system:nodes')) return undefined;
  return user.username.slice(prefix.length);
}

/**
 * What node agents may do. An agent reads its own node and pods, and of other objects those that its pods refer to. Where a
 * request alone cannot tell whose object it is (a create, a status), it is let through here and NodeRestriction looks at the object.
 */
export class NodeAuthorizer implements Authorizer {
  readonly name = 'node';
  readonly #graph: NodeGraph;
  /** Those of the ClusterRole `system:node`: for resources that are the same to every node. */
  readonly #rules: CompiledRules;

  constructor(graph: NodeGraph, nodeRules: readonly PolicyRule[]) {
    this.#graph = graph;
    this.#rules = compileRules(nodeRules);
  }

  authorize(user: UserInfo, info: RequestInfo): Decision {
    const node = nodeNameOf(user);
    if (node === undefined) return noOpinion;
    if (node === '') return refuse(`unknown node for user "${user.username}"`);
    if (info.isResource) {
      const decision = this.#subdivided(node, info);
      if (decision !== undefined) return decision;
    }
    return this.#rules.allows(info) ? allow : noOpinion;
  }

  /** Undefined for resources that are the same to every node. */
  #subdivided(node: string, info: ResourceRequestInfo): Decision | undefined {
    switch (info.group === '' ? info.resource : `${info.resource}.${info.group}`) {
      case 'secrets':
        return this.#readNamespaced(node, 'secret', info);
      case 'configmaps':
        return this.#readNamespaced(node, 'configmap', info);
      case 'persistentvolumeclaims':
        return info.subresource === 'status' ? this.#updateClaimStatus(node, info) : this.#get(node, 'pvc', info);
      case 'persistentvolumes':
        return this.#get(node, 'pv', info);
      case 'serviceaccounts':
        return this.#serviceAccount(node, info);
      case 'pods':
        return this.#pod(node, info);
      case 'nodes':
        return ownNode(node, info);
      case 'leases.coordination.k8s.io':
        return lease(node, info);
      case 'csinodes.storage.k8s.io':
        return csiNode(node, info);
      case 'podcertificaterequests.certificates.k8s.io':
        return this.#podCertificateRequest(node, info);
      default:
        return undefined;
    }
  }

  #related(node: string, kind: RelatedKind, info: ResourceRequestInfo): Decision {
    if (info.name === '') return refuse('No Object name found');
    return this.#graph.relates(node, kind, info.namespace, info.name)
      ? allow
      : refuse(`no relationship found between node '${node}' and this object`);
  }

  #get(node: string, kind: RelatedKind, info: ResourceRequestInfo): Decision {
    if (info.verb !== 'get') return refuse('can only get individual resources of this type');
    if (info.subresource !== '') return refuse('cannot get subresource');
    return this.#related(node, kind, info);
  }

  #readNamespaced(node: string, kind: RelatedKind, info: ResourceRequestInfo): Decision {
    if (!['get', 'list', 'watch'].includes(info.verb)) return refuse('can only read resources of this type');
    if (info.subresource !== '') return refuse('cannot read subresource');
    if (info.namespace === '') return refuse('can only read namespaced object of this type');
    return this.#related(node, kind, info);
  }

  #updateClaimStatus(node: string, info: ResourceRequestInfo): Decision {
    if (!['update', 'patch'].includes(info.verb)) return refuse('can only get/update/patch this type');
    return this.#related(node, 'pvc', info);
  }

  #serviceAccount(node: string, info: ResourceRequestInfo): Decision {
    if (info.verb === 'get' && info.subresource === '') return this.#readNamespaced(node, 'serviceaccount', info);
    if (info.verb !== 'create' || info.name === '') {
      return refuse('can only create tokens for individual service accounts');
    }
    if (info.subresource !== 'token') return refuse('can only create token subresource of serviceaccount');
    return this.#related(node, 'serviceaccount', info);
  }

  #podCertificateRequest(node: string, info: ResourceRequestInfo): Decision {
    if (info.subresource !== '') return refuse('nodes may not access the status subresource of PodCertificateRequests');
    switch (info.verb) {
      case 'create':
        return allow;
      case 'get':
        return this.#related(node, 'pcr', info);
      case 'list':
      case 'watch':
        return selectsNode(info.fieldSelector, node)
          ? allow
          : refuse('can only list/watch podcertificaterequests with nodeName field selector');
      default:
        return refuse(`nodes may not ${info.verb} podcertificaterequests`);
    }
  }

  #pod(node: string, info: ResourceRequestInfo): Decision {
    switch (`${info.verb} ${info.subresource}`) {
      case 'get ':
        return this.#get(node, 'pod', info);
      case 'list ':
      case 'watch ':
        if (selectsNode(info.fieldSelector, node)) return allow;
        return info.name === ''
          ? refuse('can only list/watch pods with spec.nodeName field selector')
          : this.#related(node, 'pod', info);
      case 'create ':
      case 'delete ':
      case 'update status':
      case 'patch status':
      case 'create eviction':
        return allow;
      default:
        return noOpinion;
    }
  }
}

/** Its own node, also before there is one. */
function ownNode(node: string, info: ResourceRequestInfo): Decision {
  switch (`${info.verb} ${info.subresource}`) {
    case 'create ':
    case 'update ':
    case 'patch ':
    case 'update status':
    case 'patch status':
      return allow;
    case 'get ':
    case 'list ':
    case 'watch ':
      if (info.name === node) return allow;
      return info.name === ''
        ? refuse(`node '${node}' cannot read all nodes, only its own Node object`)
        : refuse(`node '${node}' cannot read '${info.name}', only its own Node object`);
    default:
      return noOpinion;
  }
}

const ownObjectVerbs: readonly string[] = ['get', 'create', 'update', 'patch', 'delete'];

function lease(node: string, info: ResourceRequestInfo): Decision {
  if (!ownObjectVerbs.includes(info.verb)) {
    return refuse('can only get, create, update, patch, or delete a node lease');
  }
  if (info.namespace !== 'kube-node-lease') {
    return refuse('can only access leases in the "kube-node-lease" system namespace');
  }
  return info.verb === 'create' || info.name === node
    ? allow
    : refuse('can only access node lease with the same name as the requesting node');
}

function csiNode(node: string, info: ResourceRequestInfo): Decision {
  if (info.subresource !== '') return refuse('cannot authorize CSINode subresources');
  if (!ownObjectVerbs.includes(info.verb)) return refuse('can only get, create, update, patch, or delete a CSINode');
  return info.verb === 'create' || info.name === node
    ? allow
    : refuse('can only access CSINode with the same name as the requesting node');
}

/** Whether the selector holds for pods of the node alone; one that cannot be read does not. */
function selectsNode(fieldSelector: string, node: string): boolean {
  try {
    return parseFieldSelector(fieldSelector).exactValue('spec.nodeName') === node;
  } catch {
    return false;
  }
}

/** Reasons name their author, for those of all authorisers are told together. */
function refuse(reason: string): Decision {
  return { decision: 'noOpinion', reason: `node: ${reason}` };
}
