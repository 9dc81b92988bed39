import { expect, test } from 'vitest';
import { invalid, required } from './field-errors.ts';
import { isReason, type StatusError } from './status-error.ts';
import * as errors from './status-errors.ts';

const pods = { group: '', resource: 'pods' };
const deployments = { group: 'apps', resource: 'deployments' };

const cases: readonly (readonly [StatusError, number, string | undefined, string])[] = [
  [errors.notFound(pods, 'x'), 404, 'NotFound', 'pods "x" not found'],
  [errors.notFound(deployments, 'x'), 404, 'NotFound', 'deployments.apps "x" not found'],
  [errors.alreadyExists(pods, 'x'), 409, 'AlreadyExists', 'pods "x" already exists'],
  [
    errors.generateNameConflict(pods, 'x-abcde'),
    409,
    'AlreadyExists',
    'pods "x-abcde" already exists, the server was not able to generate a unique name for the object',
  ],
  [
    errors.conflict(pods, 'x'),
    409,
    'Conflict',
    'Operation cannot be fulfilled on pods "x": the object has been modified; please apply your changes to the latest version and try again',
  ],
  [
    errors.uidConflict(pods, 'x', 'a', 'b'),
    409,
    'Conflict',
    'Operation cannot be fulfilled on pods "x": Precondition failed: UID in precondition: a, UID in object meta: b',
  ],
  [errors.badRequest('no'), 400, 'BadRequest', 'no'],
  [errors.unauthorized(), 401, 'Unauthorized', 'Unauthorized'],
  [errors.unauthorized(''), 401, 'Unauthorized', 'not authorized'],
  [errors.forbiddenRequest(pods, 'x', 'no'), 403, 'Forbidden', 'pods "x" is forbidden: no'],
  [errors.forbiddenRequest(pods, '', 'no'), 403, 'Forbidden', 'pods is forbidden: no'],
  [errors.forbiddenRequest({ group: '', resource: '' }, '', 'no'), 403, 'Forbidden', 'forbidden: no'],
  [errors.tooOldResourceVersion(3, 10n), 410, 'Expired', 'too old resource version: 3 (10)'],
  [errors.gone('no'), 410, 'Gone', 'no'],
  [errors.tooLargeResourceVersion(9, 3), 504, 'Timeout', 'Timeout: Too large resource version: 9, current: 3'],
  [
    errors.methodNotSupported(deployments, 'delete'),
    405,
    'MethodNotAllowed',
    'delete is not supported on resources of kind "deployments.apps"',
  ],
  [
    errors.notAcceptable(['application/json', 'application/yaml']),
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/yaml',
  ],
  [
    errors.unsupportedMediaType(['application/json']),
    415,
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: application/json',
  ],
  [errors.requestEntityTooLarge('limit is 3'), 413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3'],
  [errors.tooManyRequests('later', 2), 429, 'TooManyRequests', 'later'],
  [errors.timeout('slow'), 504, 'Timeout', 'Timeout: slow'],
  [
    errors.serverTimeout(pods, 'list', 1),
    500,
    'ServerTimeout',
    'The list operation against pods could not be completed at this time, please try again.',
  ],
  [errors.internalError(new Error('broken')), 500, 'InternalError', 'Internal error occurred: broken'],
  [errors.unclassifiedError('no'), 500, undefined, 'no'],
  [errors.serviceUnavailable('not yet'), 503, 'ServiceUnavailable', 'not yet'],
  [errors.resourceNotServed(), 404, 'NotFound', 'the server could not find the requested resource'],
];

test.each(cases)('%# %s', (error, code, reason, message) => {
  expect([error.code, error.reason, error.status.message, error.message]).toEqual([code, reason, message, message]);
  expect(isReason(error, (reason ?? 'Gone') as 'NotFound')).toBe(reason !== undefined);
});

test('a Status is complete and carries no empty details', () => {
  expect(errors.notFound(deployments, 'x').status).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'deployments.apps "x" not found',
    reason: 'NotFound',
    details: { name: 'x', group: 'apps', kind: 'deployments' },
    code: 404,
  });
  expect(errors.badRequest('no').status).not.toHaveProperty('details');
  expect(errors.serverTimeout(pods, 'list', 1).status.details).toEqual({
    name: 'list',
    kind: 'pods',
    retryAfterSeconds: 1,
  });
});

test('an invalid object tells every cause once', () => {
  const error = errors.invalidObject({ group: 'apps', kind: 'Deployment' }, 'x', [
    required('spec.selector'),
    invalid('spec.replicas', -1, 'must be greater than or equal to 0'),
    required('spec.selector'),
  ]);
  expect(error.status.message).toBe(
    'Deployment.apps "x" is invalid: [spec.selector: Required value, spec.replicas: Invalid value: -1: must be greater than or equal to 0]',
  );
  expect(error.status.details).toEqual({
    name: 'x',
    group: 'apps',
    kind: 'Deployment',
    causes: [
      { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.selector' },
      {
        reason: 'FieldValueInvalid',
        message: 'Invalid value: -1: must be greater than or equal to 0',
        field: 'spec.replicas',
      },
    ],
  });
  expect(errors.invalidObject({ group: '', kind: 'Pod' }, 'x', []).message).toBe('Pod "x" is invalid');
});

test('authorisation says who may not do what where', () => {
  const request = { isResource: true, group: 'apps', resource: 'deployments', subresource: 'scale' } as const;
  expect(
    errors.forbiddenByAuthorizer('u', { ...request, verb: 'get', namespace: 'n', name: 'x' }, 'because').message,
  ).toBe(
    'deployments.apps "x" is forbidden: User "u" cannot get resource "deployments/scale" in API group "apps" in the namespace "n": because',
  );
  expect(
    errors.forbiddenByAuthorizer('u', { ...request, subresource: '', verb: 'list', namespace: '', name: '' }).message,
  ).toBe(
    'deployments.apps is forbidden: User "u" cannot list resource "deployments" in API group "apps" at the cluster scope',
  );
  const path = errors.forbiddenByAuthorizer('a<b>', { isResource: false, verb: 'get', path: '/metrics' });
  expect(path.message).toBe('forbidden: User "a&lt;b&gt;" cannot get path "/metrics"');
  expect(path.status.details).toEqual({});
});

test('what a client makes of an answer without a Status', () => {
  const base = {
    method: 'GET',
    resource: pods,
    name: 'x',
    serverMessage: 'oops',
    retryAfterSeconds: 0,
    unexpected: false,
  };
  const message = (code: number, more: object = {}) =>
    errors.genericServerResponse({ ...base, code, ...more }).status.message;
  expect(message(404)).toBe('the server could not find the requested resource (get pods x)');
  expect(message(409, { name: '' })).toBe('the server reported a conflict (get pods)');
  expect(message(500)).toBe('an error on the server ("oops") has prevented the request from succeeding (get pods x)');
  expect(message(302, { resource: { group: '', resource: '' } })).toBe(
    'the server responded with the status code 302 but did not return more information',
  );
  expect(message(403)).toBe('oops (get pods x)');
  expect(message(406, { serverMessage: 'unknown' })).toBe(
    'the server was unable to respond with a content type that the client supports (get pods x)',
  );
  const error = errors.genericServerResponse({ ...base, code: 409, method: 'POST', unexpected: true });
  expect(error.reason).toBe('AlreadyExists');
  expect(error.status.details?.causes).toEqual([{ reason: 'UnexpectedServerResponse', message: 'oops' }]);
});
