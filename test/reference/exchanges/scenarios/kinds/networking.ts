import type { KindTable } from './kind-table.ts';

const backend = { service: { name: 'web', port: { number: 80 } } };

/** The groups networking.k8s.io and discovery.k8s.io. */
export const networking: readonly KindTable[] = [
  {
    resource: 'discovery.k8s.io/v1/endpointslices',
    smallest: { addressType: 'IPv4', endpoints: [] },
    invalid: {
      'no type': { addressType: null },
      'bad address': { endpoints: [{ addresses: ['x'] }] },
      'no addresses': { endpoints: [{ addresses: [] }] },
      'bad port': { ports: [{ name: 'A B', port: 1 }] },
    },
    patches: {
      type: { addressType: 'IPv6' },
      endpoints: { endpoints: [{ addresses: ['192.0.2.1'] }], ports: [{ port: 80 }] },
    },
  },
  {
    resource: 'networking.k8s.io/v1/ingresses',
    smallest: { spec: { defaultBackend: backend } },
    invalid: {
      nothing: { spec: { defaultBackend: null } },
      'bad host': { spec: { rules: [{ host: 'a b' }] } },
      'an address for a host': { spec: { rules: [{ host: '192.0.2.1' }] } },
      'no path type': {
        spec: {
          rules: [{ http: { paths: [{ path: '/', backend }] } }],
        },
      },
      'relative path': {
        spec: {
          rules: [
            {
              http: {
                paths: [{ path: 'x', pathType: 'Prefix', backend }],
              },
            },
          ],
        },
      },
      'port without name or number': { spec: { defaultBackend: { service: { port: { number: null } } } } },
    },
    patches: {
      class: { spec: { ingressClassName: 'a' } },
      tls: { spec: { tls: [{ hosts: ['example.com'], secretName: 'x' }] } },
    },
    status: { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } },
  },
  {
    resource: 'networking.k8s.io/v1/ingressclasses',
    smallest: { spec: { controller: 'example.com/ingress' } },
    invalid: {
      'no controller': { spec: { controller: '' } },
      'bad controller': { spec: { controller: 'x' } },
      'bad parameters': { spec: { parameters: { kind: 'x', name: 'y', scope: 'Sometimes' } } },
    },
    patches: { controller: { spec: { controller: 'example.com/other' } } },
  },
  {
    resource: 'networking.k8s.io/v1/ipaddresses',
    smallest: {
      metadata: { name: '192.0.2.9' },
      spec: { parentRef: { resource: 'services', namespace: '{ns}', name: 'web' } },
    },
    invalid: { 'bad name': { metadata: { name: 'x' } }, 'no parent': { spec: { parentRef: null } } },
    patches: { parent: { spec: { parentRef: { name: 'other' } } } },
  },
  {
    resource: 'networking.k8s.io/v1/networkpolicies',
    smallest: { spec: { podSelector: {} } },
    invalid: {
      'bad policy type': { spec: { policyTypes: ['Sometimes'] } },
      'bad range': { spec: { ingress: [{ from: [{ ipBlock: { cidr: 'x' } }] }] } },
      'exception outside': {
        spec: { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['192.0.2.0/24'] } }] }] },
      },
      'two peers in one': { spec: { ingress: [{ from: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] }] } },
      'bad port': { spec: { egress: [{ ports: [{ port: 0 }, { port: 10, endPort: 5 }, { port: 'x', endPort: 5 }] }] } },
      'bad selector': { spec: { podSelector: { matchLabels: { 'a b': 'c' } } } },
    },
    patches: {
      egress: { spec: { egress: [{ to: [{ namespaceSelector: {} }], ports: [{ port: 53, protocol: 'UDP' }] }] } },
      ingress: { spec: { ingress: [{}] } },
    },
  },
  {
    resource: 'networking.k8s.io/v1/servicecidrs',
    smallest: { spec: { cidrs: ['10.97.0.0/24'] } },
    invalid: {
      none: { spec: { cidrs: [] } },
      'bad range': { spec: { cidrs: ['x'] } },
      'three of them': { spec: { cidrs: ['10.1.0.0/24', 'fd00::/64', '10.2.0.0/24'] } },
    },
    patches: { ranges: { spec: { cidrs: ['10.98.0.0/24'] } } },
  },
];
