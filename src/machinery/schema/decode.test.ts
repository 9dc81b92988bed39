import fc from 'fast-check';
import { expect, test } from 'vitest';
import { builtInSchema } from '../../../test/support/built-in-schemas.ts';
import { StatusError } from '../status-error.ts';
import { type DecodeOptions, type DecodeTarget, decodeObject, type FieldValidation } from './decode.ts';

const deployment: DecodeTarget = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  schema: builtInSchema('apps.v1.Deployment'),
};
const configMap: DecodeTarget = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  schema: builtInSchema('core.v1.ConfigMap'),
};
const known = (apiVersion: string, kind: string) =>
  ['v1 Pod', 'apps/v1beta1 Deployment'].includes(`${apiVersion} ${kind}`);

function decode(body: string, target = deployment, options: Partial<DecodeOptions> = {}) {
  return decodeObject(body, target, { fieldValidation: 'Strict', format: 'json', isKnownKind: known, ...options });
}

function message(body: string, target = deployment, options: Partial<DecodeOptions> = {}): string {
  try {
    decode(body, target, options);
  } catch (error) {
    if (error instanceof StatusError && error.code === 400 && error.reason === 'BadRequest') return error.message;
    throw error;
  }
  return 'accepted';
}

const head = '"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"}';
const cannot = 'Deployment in version "v1" cannot be handled as a Deployment: ';
const unmarshal = 'json: cannot unmarshal ';

/** What a Kubernetes 1.37.1 answered for each spec. */
test.each([
  [
    '{"strategy":{"type":5}}',
    `${unmarshal}number into Go struct field DeploymentStrategy.spec.strategy.type of type v1.DeploymentStrategyType`,
  ],
  ['{"replicas":"x"}', `${unmarshal}string into Go struct field DeploymentSpec.spec.replicas of type int32`],
  ['{"replicas":1.5}', `${unmarshal}number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32`],
  ['{"replicas":1.0}', `${unmarshal}number 1.0 into Go struct field DeploymentSpec.spec.replicas of type int32`],
  ['{"replicas":1e1}', `${unmarshal}number 1e1 into Go struct field DeploymentSpec.spec.replicas of type int32`],
  [
    '{"replicas":3000000000}',
    `${unmarshal}number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32`,
  ],
  ['{"replicas":true}', `${unmarshal}bool into Go struct field DeploymentSpec.spec.replicas of type int32`],
  ['{"replicas":{}}', `${unmarshal}object into Go struct field DeploymentSpec.spec.replicas of type int32`],
  ['{"replicas":[]}', `${unmarshal}array into Go struct field DeploymentSpec.spec.replicas of type int32`],
  ['[]', `${unmarshal}array into Go struct field Deployment.spec of type v1.DeploymentSpec`],
  ['"x"', `${unmarshal}string into Go struct field Deployment.spec of type v1.DeploymentSpec`],
  ['{"paused":1}', `${unmarshal}number into Go struct field DeploymentSpec.spec.paused of type bool`],
  [
    '{"selector":{"matchLabels":{"a":1}}}',
    `${unmarshal}number into Go struct field LabelSelector.spec.selector.matchLabels of type string`,
  ],
  [
    '{"selector":{"matchLabels":[]}}',
    `${unmarshal}array into Go struct field LabelSelector.spec.selector.matchLabels of type map[string]string`,
  ],
  [
    '{"template":{"spec":{"containers":{}}}}',
    `${unmarshal}object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container`,
  ],
  [
    '{"template":{"spec":{"containers":[1]}}}',
    `${unmarshal}number into Go struct field PodSpec.spec.template.spec.containers of type v1.Container`,
  ],
  [
    '{"template":{"spec":{"volumes":[{"name":"a","emptyDir":"x"}]}}}',
    `${unmarshal}string into Go struct field Volume.spec.template.spec.volumes.VolumeSource.emptyDir of type v1.EmptyDirVolumeSource`,
  ],
  [
    '{"template":{"spec":{"containers":[{"livenessProbe":{"httpGet":{"port":{}}}}]}}}',
    `${unmarshal}object into Go struct field HTTPGetAction.spec.template.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32`,
  ],
  [
    '{"template":{"spec":{"containers":[{"name":1,"ports":[{"containerPort":"x"}]}]}}}',
    `${unmarshal}number into Go struct field Container.spec.template.spec.containers.name of type string`,
  ],
  ['{"template":{"spec":{"containers":[{"resources":{"limits":{"cpu":"1i"}}}]}}}', "unable to parse quantity's suffix"],
  [
    '{"template":{"spec":{"containers":[{"resources":{"limits":"x"}}]}}}',
    `${unmarshal}string into Go struct field ResourceRequirements.spec.template.spec.containers.resources.limits of type v1.ResourceList`,
  ],
  [
    '{"strategy":{"rollingUpdate":{"maxSurge":true}}}',
    `${unmarshal}bool into Go struct field RollingUpdateDeployment.spec.strategy.rollingUpdate.maxSurge of type int32`,
  ],
  [
    '{"strategy":{"rollingUpdate":{"maxSurge":1.5}}}',
    `${unmarshal}number 1.5 into Go struct field RollingUpdateDeployment.spec.strategy.rollingUpdate.maxSurge of type int32`,
  ],
  [
    '{"replicas":"x","template":{"spec":{"containers":[{"resources":{"limits":{"cpu":"1i"}}}]}}}',
    "unable to parse quantity's suffix",
  ],
  [
    '{"foo":1,"bar":{"x":1},"replicas":1,"replicas":2,"template":{"spec":{"containers":[{"name":"a","imag":"x"}]}}}',
    'strict decoding error: unknown field "spec.foo", unknown field "spec.bar", duplicate field "spec.replicas", unknown field "spec.template.spec.containers[0].imag"',
  ],
  ['{"replicas":"x","foo":1}', `${unmarshal}string into Go struct field DeploymentSpec.spec.replicas of type int32`],
])('spec %s', (spec, why) => {
  expect(message(`{${head},"spec":${spec}}`)).toBe(cannot + why);
});

test.each([
  ['"metadata":1', `${unmarshal}number into Go struct field Deployment.metadata of type v1.ObjectMeta`],
  [
    '"metadata":{"creationTimestamp":1}',
    `${unmarshal}number into Go struct field ObjectMeta.metadata.creationTimestamp of type string`,
  ],
  [
    '"metadata":{"creationTimestamp":"x"}',
    'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
  ],
  [
    '"metadata":{"name":"a"},"metadata":{"labels":{"a":"b","a":"c"}}',
    'strict decoding error: duplicate field "metadata", duplicate field "metadata.labels.a"',
  ],
])('%s', (members, why) => {
  expect(message(`{"apiVersion":"apps/v1","kind":"Deployment",${members}}`)).toBe(cannot + why);
});

const unrecognized = 'the object provided is unrecognized (must be of type Deployment): ';
const parseError = `${unrecognized}couldn't get version/kind; json parse error: `;
const metaStruct =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
test.each([
  [
    '{"kind":"Deployment","apiVersion":"apps/v1"',
    `${parseError}unexpected end of JSON input ({"kind":"Deployment","apiVersi ...)`,
  ],
  ['nonsense', `${parseError}invalid character 'o' in literal null (expecting 'u') (6e6f6e73656e7365)`],
  ['', `${parseError}unexpected end of JSON input (<empty>)`],
  ['[]', `${parseError}${unmarshal}array into Go value of type ${metaStruct} (5b5d)`],
  ['"x"', `${parseError}${unmarshal}string into Go value of type ${metaStruct} (227822)`],
  [
    '{"kind":1,"apiVersion":"apps/v1"}',
    `${parseError}${unmarshal}number into Go struct field .kind of type string ({"kind":1,"apiVersion":"apps/v ...)`,
  ],
  [
    `{${head},"spec":{}} trailing`,
    `${parseError}invalid character 't' after top-level value ({"apiVersion":"apps/v1","kind" ...)`,
  ],
  [
    '{"kind":"Deployment","apiVersion":"a/b/c"}',
    `${unrecognized}unexpected GroupVersion string: a/b/c ({"kind":"Deployment","apiVersi ...)`,
  ],
  [
    '{"kind":"Pod","apiVersion":"v1"}',
    'Pod in version "v1" cannot be handled as a Deployment: converting (v1.Pod) to (apps.Deployment): unknown conversion',
  ],
  [
    '{"kind":"Foo","apiVersion":"apps/v1"}',
    'Foo in version "v1" cannot be handled as a Deployment: no kind "Foo" is registered for version "apps/v1" in scheme "pkg/runtime/scheme.go:111"',
  ],
  [
    '{"kind":"Deployment","apiVersion":"apps/v1beta1"}',
    'the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)',
  ],
  [`${'['.repeat(2000)}`, `${parseError}invalid character '[' exceeded max depth (${'5b'.repeat(30)} ...)`],
])('the body %.40s', (body, text) => {
  expect(message(body)).toBe(text);
});

test.each(['null', '{}', '{"kind":"Deployment"}', '{"apiVersion":"apps/v1"}'])('%s claims no other kind', (body) => {
  expect(decode(body).object).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: {} });
});

test('warnings instead of an error, or nothing at all', () => {
  const body = `{${head},"foo":1,"spec":{"foo":1,"bar":{"x":1},"replicas":1,"replicas":2}}`;
  const outcome = (fieldValidation: FieldValidation) => decode(body, deployment, { fieldValidation });
  expect(outcome('Warn').warnings).toEqual([
    'unknown field "foo"',
    'unknown field "spec.foo"',
    'unknown field "spec.bar"',
    'duplicate field "spec.replicas"',
  ]);
  expect(outcome('Ignore').warnings).toEqual([]);
  expect(outcome('Ignore').object).toEqual(outcome('Warn').object);
  expect(outcome('Ignore').object).toHaveProperty('spec.replicas', 2);
  expect(outcome('Ignore').object).not.toHaveProperty('foo');
});

test('duplicates are merged as Go merges them, and reported wherever they are', () => {
  const body = '{"metadata":{"name":"a","labels":{"x":"1"}},"metadata":{"labels":{"y":"2"}},"data":{"a":"b","a":"c"}}';
  const { object, warnings } = decode(body, configMap, { fieldValidation: 'Warn' });
  expect(object.metadata).toEqual({ name: 'a', labels: { x: '1', y: '2' } });
  expect(object).toHaveProperty('data', { a: 'c' });
  expect(warnings).toEqual(['duplicate field "metadata"', 'duplicate field "data.a"']);
});

test('names that objects have anyway are names like others', () => {
  const { object } = decode('{"data":{"__proto__":"x","constructor":"y"},"__proto__":{"data":{"z":"1"}}}', configMap, {
    fieldValidation: 'Ignore',
  });
  expect(JSON.stringify(object)).toBe(
    '{"data":{"__proto__":"x","constructor":"y"},"metadata":{},"apiVersion":"v1","kind":"ConfigMap"}',
  );
});

test('quantities keep the digits of a number', () => {
  const resources = '"resources":{"limits":{"cpu":0.5,"memory":1e3,"a":1.10,"b":1000}}';
  const { object } = decode(`{${head},"spec":{"template":{"spec":{"containers":[{"name":"a",${resources}}]}}}}`);
  expect(object).toHaveProperty('spec.template.spec.containers[0].resources.limits', {
    cpu: '500m',
    memory: '1e3',
    a: '1100m',
    b: '1k',
  });
});

const yaml = (body: string, options: Partial<DecodeOptions> = {}) =>
  message(body, configMap, { format: 'yaml', ...options });
const mapHead = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n';
const asMap = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: ';

/** What a Kubernetes 1.37.1 answered for each. */
test.each([
  ['data:\n  a: yes\n', `${asMap}${unmarshal}bool into Go struct field ConfigMap.data of type string`],
  ['data:\n  a: 010\n', `${asMap}${unmarshal}number into Go struct field ConfigMap.data of type string`],
  [
    'data:\n  a: b\n  a: c\n',
    `${asMap}strict decoding error: yaml: unmarshal errors:\n  line 7: key "a" already set in map`,
  ],
  [
    'foo: 1\nfoo: 2\nbar: 3\nbar: 4\n',
    `${asMap}strict decoding error: yaml: unmarshal errors:\n  line 6: key "foo" already set in map\n  line 8: key "bar" already set in map, unknown field "bar", unknown field "foo"`,
  ],
  ['immutable: 0x1\n', `${asMap}${unmarshal}number into Go struct field ConfigMap.immutable of type bool`],
  ['immutable: y\n', 'accepted'],
  ['data:\n  a: "yes"\n  b: 2024-01-01\n  c: !!str 12\n  d: !foo 12\n  e: !!binary aGVsbG8=\n', 'accepted'],
  ['x: &x\n  a: b\ndata:\n  <<: *x\n', `${asMap}strict decoding error: unknown field "x"`],
])('YAML %j', (body, text) => {
  expect(yaml(mapHead + body)).toBe(text);
});

test('broken YAML is told with its line', () => {
  expect(yaml(`${mapHead}data:\n  a: b\n c: d\n`)).toMatch(
    /^the object provided is unrecognized \(must be of type ConfigMap\): yaml: line 7: .* \(61706956657273696f6e3a2076310a6b696e643a20436f6e6669674d6170 \.\.\.\)$/,
  );
});

test('YAML and JSON give the same object', () => {
  const body = `{"data":{"a":"1"},"metadata":{"name":"a"}}`;
  expect(decode(body, configMap, { format: 'yaml' })).toEqual(decode(body, configMap));
  expect(decode('data: {a: "1"}\nmetadata: {name: a}', configMap, { format: 'yaml' })).toEqual(decode(body, configMap));
});

test('any text is an object or a bad request', () => {
  const text = fc.oneof(
    fc.json(),
    fc.string(),
    fc.json().map((json) => json.slice(0, -1)),
    fc.jsonValue().map((value) => JSON.stringify({ data: value, metadata: value })),
  );
  fc.assert(
    fc.property(text, fc.constantFrom('json' as const, 'yaml' as const), (body, format) => {
      expect(typeof message(body, configMap, { format })).toBe('string');
    }),
  );
});

test('the fast way and the exact way agree', () => {
  const text = fc.constantFrom('a', 'b', '1Gi', 'x y');
  const spec = fc.record(
    {
      replicas: fc.constantFrom(0, 1, 3),
      paused: fc.boolean(),
      selector: fc.record({ matchLabels: fc.dictionary(text, text) }),
      template: fc.record({
        metadata: fc.record({ labels: fc.dictionary(text, text) }, { requiredKeys: [] }),
        spec: fc.record({ containers: fc.array(fc.record({ name: text, image: text, args: fc.array(text) })) }),
      }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(spec, (value) => {
      const body = `{${head},"spec":${JSON.stringify(value)}}`;
      // A fraction in a field that is ignored sends the body the exact way.
      const exact = decode(`{${head},"spec":${JSON.stringify(value)},"ignored":1.5}`, deployment, {
        fieldValidation: 'Ignore',
      });
      expect(decode(body)).toEqual(exact);
    }),
  );
});
