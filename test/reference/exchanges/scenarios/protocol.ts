import { get, patch, post, put, remove, type Step, type Topic } from '../scenario.ts';

const maps = '/api/v1/namespaces/{ns}/configmaps';
const pods = '/api/v1/namespaces/{ns}/pods';
const accept = (value: string) => ({ headers: { accept: value } });
const as = (user: string, ...groups: readonly string[]) => ({
  headers: { 'impersonate-user': user, ...(groups.length > 0 && { 'impersonate-group': groups.join(',') }) },
});
const oddRequirements = [
  { key: '', operator: 'Sometimes', values: ['x'] },
  { key: 'a', operator: 'In' },
  { key: 'a', operator: 'Exists', values: ['x'] },
];

const review = (kind: string, spec: object, group = 'authorization', particulars?: Omit<Step, 'request'>) =>
  post(
    `/apis/${group}.k8s.io/v1/${kind.toLowerCase()}s`,
    { apiVersion: `${group}.k8s.io/v1`, kind, spec },
    particulars,
  );
const getPods = { resourceAttributes: { namespace: '{ns}', verb: 'get', resource: 'pods' } };
const tokens = '/api/v1/namespaces/{ns}/serviceaccounts/default/token';

/** Paths, methods, media types, discovery, rights, reviews and tokens. */
export const protocol: Topic = {
  name: 'protocol',
  scenarios: [
    {
      what: 'paths and methods',
      steps: [
        get('/api/v1/namespaces/{ns}/unknowns'),
        get('/api/v1/namespaces/{ns}/unknowns/a'),
        get('/apis/apps/v1/namespaces/{ns}/unknowns'),
        get('/apis/unknown.example.com/v1/things'),
        get('/apis/apps/v9/deployments'),
        get('/api/v9/pods'),
        get('/unknown'),
        get('/apis/unknown.example.com'),
        get('/apis/apps/v9'),
        get('/api/v9'),
        get('/api/v1/nodes/unknown'),
        get('/api/v1/namespaces/{ns}/nodes'),
        post(`${maps}/a`, {}),
        patch('merge', maps, {}),
        put(maps, {}),
        remove('/api/v1/nodes/unknown'),
        { request: `HEAD ${maps}/a` },
        { request: `OPTIONS ${maps}` },
        { request: `TRACE ${maps}` },
        post('/api/v1/componentstatuses', {}),
        post('/api', {}),
        get('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'),
        get('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/a'),
        remove('/apis/authentication.k8s.io/v1/tokenreviews'),
        get(`${pods}/unknown/log`),
        get(`${pods}/unknown/unknown`),
        post(`${pods}/unknown/exec?command=ls`),
        get(`${maps}//a`),
        get(`${maps}/`),
      ],
    },
    {
      what: 'negotiation',
      steps: [
        post(maps, { metadata: { name: 'a' } }),
        get(`${maps}/a`, accept('*/*')),
        get(`${maps}/a`, accept('')),
        get(`${maps}/a`, accept('application/*')),
        get(`${maps}/a`, accept('text/html')),
        get(`${maps}/a`, accept('text/html, application/json;q=0.5')),
        get(`${maps}/a`, accept('application/json;stream=watch')),
        get(`${maps}/a`, accept('application/json;q=0')),
        get(`${maps}/a`, accept('not a type')),
        get(`${maps}/a`, accept('application/json;pretty=1')),
        get(`${maps}/a?pretty=true`),
        get(`${maps}/unknown`, accept('application/yaml')),
        get(`${maps}/unknown`, accept('text/html')),
        get('/apis/apps/v1', accept('text/html')),
        get('/version', accept('text/html')),
        post(maps, { metadata: { name: 'b' } }, accept('text/html')),
      ],
    },
    {
      what: 'discovery',
      steps: [
        get('/api'),
        get('/apis/apps'),
        get('/apis/apps/v1'),
        get('/apis/batch/v1'),
        get('/apis/policy/v1'),
        get('/apis/authentication.k8s.io/v1'),
        get('/apis/authorization.k8s.io/v1'),
        get('/apis/coordination.k8s.io/v1'),
        get('/apis/discovery.k8s.io/v1'),
        get('/apis/events.k8s.io/v1'),
        get('/apis/node.k8s.io/v1'),
        get('/apis/rbac.authorization.k8s.io/v1'),
        get('/apis/scheduling.k8s.io/v1'),
        get('/apis/certificates.k8s.io'),
        get('/api/', accept('application/json')),
        get('/apis', accept('application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList')),
        get('/healthz'),
        get('/livez/ping'),
        get('/readyz/ping?verbose'),
        get('/healthz/unknown'),
      ],
    },
    {
      what: 'rights',
      steps: [
        get(pods, as('somebody')),
        get('/api/v1/nodes', as('somebody')),
        get(`${maps}/a`, as('somebody')),
        post(maps, { metadata: { name: 'a' } }, as('somebody')),
        remove(maps, undefined, as('somebody')),
        patch(
          'merge',
          `${maps}/a`,
          {},
          { headers: { 'content-type': 'application/merge-patch+json', 'impersonate-user': 'somebody' } },
        ),
        get('/metrics', as('somebody')),
        get('/api', as('somebody', 'system:authenticated')),
        get('/apis', as('somebody', 'system:unauthenticated')),
        get(pods, as('system:serviceaccount:{ns}:default')),
        get(`${pods}/a/log`, as('system:node:one', 'system:nodes')),
        get(pods, { headers: { 'impersonate-group': 'x' } }),
        get(pods, { headers: { authorization: 'Bearer wrong' } }),
        get(pods, { headers: { authorization: 'Basic eDp5' } }),
        post(
          '/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles',
          { metadata: { name: 'more' }, rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
          as('somebody'),
        ),
      ],
    },
    {
      what: 'reviews',
      steps: [
        review('SelfSubjectAccessReview', getPods),
        review('SelfSubjectAccessReview', getPods, 'authorization', as('somebody')),
        review('SelfSubjectAccessReview', {}),
        review('SelfSubjectAccessReview', { ...getPods, nonResourceAttributes: { path: '/', verb: 'get' } }),
        review('SubjectAccessReview', { ...getPods, user: 'somebody' }),
        review('SubjectAccessReview', { ...getPods, groups: ['system:masters'] }),
        review('SubjectAccessReview', getPods),
        review('SubjectAccessReview', {
          user: 'somebody',
          resourceAttributes: {
            verb: 'list',
            resource: 'pods',
            labelSelector: { requirements: oddRequirements },
            fieldSelector: { requirements: oddRequirements },
          },
        }),
        review('SubjectAccessReview', { user: 'a', nonResourceAttributes: { path: '/healthz', verb: 'get' } }),
        review('SubjectAccessReview', {
          user: 'a',
          groups: ['system:authenticated'],
          nonResourceAttributes: { path: '/api', verb: 'get' },
        }),
        post('/apis/authorization.k8s.io/v1/namespaces/{ns}/localsubjectaccessreviews', {
          metadata: { namespace: '{ns}' },
          spec: { ...getPods, user: 'a' },
        }),
        post('/apis/authorization.k8s.io/v1/namespaces/{ns}/localsubjectaccessreviews', {
          spec: { user: 'a', resourceAttributes: { namespace: 'other', verb: 'get', resource: 'pods' } },
        }),
        review('SelfSubjectRulesReview', { namespace: '{ns}' }, 'authorization', as('somebody')),
        review('SelfSubjectRulesReview', {}),
        review('SelfSubjectReview', {}, 'authentication'),
        review('SelfSubjectReview', {}, 'authentication', as('somebody', 'some')),
        review('TokenReview', { token: 'wrong' }, 'authentication'),
        review('TokenReview', {}, 'authentication'),
        review('TokenReview', { token: 'x', audiences: ['other'] }, 'authentication'),
      ],
    },
    {
      what: 'tokens',
      steps: [
        post(tokens, { spec: {} }, { as: 'made' }),
        review('TokenReview', { token: '{made.status.token}' }, 'authentication'),
        review('TokenReview', { token: '{made.status.token}', audiences: ['other'] }, 'authentication'),
        post(tokens, { spec: { expirationSeconds: 10 } }),
        post(tokens, { spec: { expirationSeconds: 10_000_000_000 } }),
        post(tokens, { spec: { audiences: ['other'], expirationSeconds: 700 } }),
        post(tokens, { spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'unknown' } } }),
        post(tokens, { spec: { boundObjectRef: { kind: 'ConfigMap', apiVersion: 'v1', name: 'x' } } }),
        post(tokens, { metadata: { name: 'other' }, spec: {} }),
        post('/api/v1/namespaces/{ns}/serviceaccounts/unknown/token', { spec: {} }),
        post(tokens, {}),
        get(tokens),
        get(pods, { headers: { authorization: 'Bearer {made.status.token}' } }),
      ],
    },
  ],
};
