import { beforeAll, expect, inject, test } from 'vitest';
import { Kubectl } from './kubectl.ts';

let kubectl: Kubectl;

beforeAll(async () => {
  kubectl = await Kubectl.inNamespace('discovery');
});

test('the server says what it serves, and which release it follows', async () => {
  expect((await kubectl.get(['api-versions'])).split('\n')).toEqual(
    expect.arrayContaining([
      'v1',
      'apps/v1',
      'authorization.k8s.io/v1',
      'rbac.authorization.k8s.io/v1',
      'storage.k8s.io/v1',
    ]),
  );
  expect(await kubectl.get(['api-resources', '--api-group=apps'])).toMatch(
    /^deployments +deploy +apps\/v1 +true +Deployment$/m,
  );
  expect(await kubectl.get(['api-resources', '--namespaced=false', '-o', 'name'])).toMatch(/^nodes$/m);
  expect(await kubectl.get(['api-resources', '--verbs=list,get', '-o', 'wide'])).toMatch(
    /^pods +po +v1 +true +Pod +create,delete,deletecollection,get,list,patch,update,watch +all$/m,
  );
  expect(await kubectl.get(['cluster-info'])).toContain(`is running at`);
  const version = JSON.parse(await kubectl.get(['version', '-o', 'json']));
  expect(version.serverVersion).toMatchObject({ major: '1', minor: '37', gitVersion: 'v1.37.1+stuurman' });
  expect(await kubectl.get(['get', '--raw', '/healthz'])).toBe('ok');
});

test('types are explained, flat and recursively', async () => {
  const flat = await kubectl.get(['explain', 'deployment.spec.strategy']);
  expect(flat).toMatch(/^GROUP: +apps\nKIND: +Deployment\nVERSION: +v1\n\nFIELD: strategy <DeploymentStrategy>\n/);
  expect(flat).toMatch(/^ {2}type\t<string>\n {2}enum: Recreate, RollingUpdate$/m);
  const deep = await kubectl.get(['explain', 'pod', '--recursive']);
  expect(deep).toMatch(/^ {4}containers\t<\[\]Container> -required-$/m);
  expect(deep).toMatch(/^ {6}imagePullPolicy\t<string>$/m);
  expect((await kubectl.get(['explain', 'pods.spec.containers.resources'])).split('\n')).toContain(
    '  limits\t<map[string]Quantity>',
  );
});

test('the kubeconfig names the server and hides its keys', async () => {
  const shown = await kubectl.get(['config', 'view', '--minify']);
  expect(shown).toContain(`server: https://127.0.0.1:${inject('port')}`);
  expect(shown).toContain('client-key-data: DATA+OMITTED');
});
