import { expect, test } from 'vitest';
import { builtInSchemas } from '../../resources/schema/schema-table.ts';
import { decodeProtobuf } from './decode-protobuf.ts';

/** A Deployment as Kubernetes 1.37 encodes it. */
const recorded =
  'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50EsoTCvgOCgN3ZWISABoIcmVnaXN0cnkiACokYTc4MGU5Y2ItY2E4NC00YmQ1LTliZmQtZjY5OD' +
  'VlZTEyZTAxMgQ2MzIyOAFCCAj7l4vYBhAAigHiCgoIcmVnaXN0cnkSBlVwZGF0ZRoHYXBwcy92MSIICPuXi9gGEAAyCEZpZWxkc1YxOq4KCqsK' +
  'eyJmOnNwZWMiOnsiZjpwYXVzZWQiOnt9LCJmOnByb2dyZXNzRGVhZGxpbmVTZWNvbmRzIjp7fSwiZjpyZXBsaWNhcyI6e30sImY6cmV2aXNpb2' +
  '5IaXN0b3J5TGltaXQiOnt9LCJmOnNlbGVjdG9yIjp7fSwiZjpzdHJhdGVneSI6eyJmOnJvbGxpbmdVcGRhdGUiOnsiLiI6e30sImY6bWF4U3Vy' +
  'Z2UiOnt9LCJmOm1heFVuYXZhaWxhYmxlIjp7fX0sImY6dHlwZSI6e319LCJmOnRlbXBsYXRlIjp7ImY6bWV0YWRhdGEiOnsiZjpsYWJlbHMiOn' +
  'siLiI6e30sImY6YSI6e319fSwiZjpzcGVjIjp7ImY6Y29udGFpbmVycyI6eyJrOntcIm5hbWVcIjpcInhcIn0iOnsiLiI6e30sImY6ZW52Ijp7' +
  'Ii4iOnt9LCJrOntcIm5hbWVcIjpcIkFcIn0iOnsiLiI6e30sImY6bmFtZSI6e30sImY6dmFsdWVGcm9tIjp7Ii4iOnt9LCJmOnNlY3JldEtleV' +
  'JlZiI6e319fX0sImY6ZW52RnJvbSI6e30sImY6aW1hZ2UiOnt9LCJmOmltYWdlUHVsbFBvbGljeSI6e30sImY6bGl2ZW5lc3NQcm9iZSI6eyIu' +
  'Ijp7fSwiZjpmYWlsdXJlVGhyZXNob2xkIjp7fSwiZjpodHRwR2V0Ijp7Ii4iOnt9LCJmOnBhdGgiOnt9LCJmOnBvcnQiOnt9LCJmOnNjaGVtZS' +
  'I6e319LCJmOnBlcmlvZFNlY29uZHMiOnt9LCJmOnN1Y2Nlc3NUaHJlc2hvbGQiOnt9LCJmOnRpbWVvdXRTZWNvbmRzIjp7fX0sImY6bmFtZSI6' +
  'e30sImY6cG9ydHMiOnsiLiI6e30sIms6e1wiY29udGFpbmVyUG9ydFwiOjgwLFwicHJvdG9jb2xcIjpcIlRDUFwifSI6eyIuIjp7fSwiZjpjb2' +
  '50YWluZXJQb3J0Ijp7fSwiZjpuYW1lIjp7fSwiZjpwcm90b2NvbCI6e319fSwiZjpyZXNvdXJjZXMiOnsiLiI6e30sImY6bGltaXRzIjp7Ii4i' +
  'Ont9LCJmOmNwdSI6e319fSwiZjpzZWN1cml0eUNvbnRleHQiOnsiLiI6e30sImY6Y2FwYWJpbGl0aWVzIjp7Ii4iOnt9LCJmOmRyb3AiOnt9fS' +
  'wiZjpydW5Bc1VzZXIiOnt9fSwiZjp0ZXJtaW5hdGlvbk1lc3NhZ2VQYXRoIjp7fSwiZjp0ZXJtaW5hdGlvbk1lc3NhZ2VQb2xpY3kiOnt9fX0s' +
  'ImY6ZG5zUG9saWN5Ijp7fSwiZjpyZXN0YXJ0UG9saWN5Ijp7fSwiZjpzY2hlZHVsZXJOYW1lIjp7fSwiZjpzZWN1cml0eUNvbnRleHQiOnt9LC' +
  'JmOnRlcm1pbmF0aW9uR3JhY2VQZXJpb2RTZWNvbmRzIjp7fSwiZjp2b2x1bWVzIjp7Ii4iOnt9LCJrOntcIm5hbWVcIjpcImVcIn0iOnsiLiI6' +
  'e30sImY6ZW1wdHlEaXIiOnsiLiI6e30sImY6c2l6ZUxpbWl0Ijp7fX0sImY6bmFtZSI6e319LCJrOntcIm5hbWVcIjpcInZcIn0iOnsiLiI6e3' +
  '0sImY6Y29uZmlnTWFwIjp7Ii4iOnt9LCJmOmRlZmF1bHRNb2RlIjp7fSwiZjppdGVtcyI6e30sImY6bmFtZSI6e319LCJmOm5hbWUiOnt9fX19' +
  'fX19QgCKAcMDChdrdWJlLWNvbnRyb2xsZXItbWFuYWdlchIGVXBkYXRlGgdhcHBzL3YxIggI/JeL2AYQADIIRmllbGRzVjE6+gIK9wJ7ImY6c3' +
  'RhdHVzIjp7ImY6Y29uZGl0aW9ucyI6eyIuIjp7fSwiazp7XCJ0eXBlXCI6XCJBdmFpbGFibGVcIn0iOnsiLiI6e30sImY6bGFzdFRyYW5zaXRp' +
  'b25UaW1lIjp7fSwiZjpsYXN0VXBkYXRlVGltZSI6e30sImY6bWVzc2FnZSI6e30sImY6cmVhc29uIjp7fSwiZjpzdGF0dXMiOnt9LCJmOnR5cG' +
  'UiOnt9fSwiazp7XCJ0eXBlXCI6XCJQcm9ncmVzc2luZ1wifSI6eyIuIjp7fSwiZjpsYXN0VHJhbnNpdGlvblRpbWUiOnt9LCJmOmxhc3RVcGRh' +
  'dGVUaW1lIjp7fSwiZjptZXNzYWdlIjp7fSwiZjpyZWFzb24iOnt9LCJmOnN0YXR1cyI6e30sImY6dHlwZSI6e319fSwiZjpvYnNlcnZlZEdlbm' +
  'VyYXRpb24iOnt9LCJmOnRlcm1pbmF0aW5nUmVwbGljYXMiOnt9fX1CBnN0YXR1cxKAAwgAEggKBgoBYRIBYhq/AgoYCgASABoAIgAqADIAOABC' +
  'AFoGCgFhEgFiEqICChoKAXYSFZoBEgoDCgF4EggKAWESAWIYABikAwoQCgFlEgsSCQoAEgUKAzFHaRKuAQoBeBIBeCoAMhEKBGh0dHAQABhQIg' +
  'NUQ1AqADoTCgFBEgAaDCIKCgMKAXMSAWsYAEIQCg4KA2NwdRIHCgUxNTAwbVIlChkSFwoBLxIKCAEQABoEaHR0cBoAIgRIVFRQEAAYASAKKAEw' +
  'A2oUL2Rldi90ZXJtaW5hdGlvbi1sb2dyBkFsd2F5c3oJCgUSA0FMTCAAgAEAiAEAkAEAmgEJCgASBQoDCgFxogEERmlsZRoGQWx3YXlzIB4yDE' +
  'NsdXN0ZXJGaXJzdEIASgBSAFgAYABoAHIAggEAigEAmgERZGVmYXVsdC1zY2hlZHVsZXLCAQAiJwoNUm9sbGluZ1VwZGF0ZRIWCgkIARAAGgMy' +
  'NSUSCQgBEAAaAzI1JSgAMAo4AUjYBBrJAQgBEAAYACAAKAAyUgoLUHJvZ3Jlc3NpbmcSB1Vua25vd24iEERlcGxveW1lbnRQYXVzZWQqFERlcG' +
  'xveW1lbnQgaXMgcGF1c2VkMggI+5eL2AYQADoICPuXi9gGEAAyZQoJQXZhaWxhYmxlEgRUcnVlIhhNaW5pbXVtUmVwbGljYXNBdmFpbGFibGUq' +
  'JERlcGxveW1lbnQgaGFzIG1pbmltdW0gYXZhaWxhYmlsaXR5LjIICPyXi9gGEAA6CAj8l4vYBhAAOABIABoAIgA=';

const schema = builtInSchemas.get('apps.v1.Deployment');
if (schema === undefined) throw new Error('no schema of Deployment');
const target = { group: 'apps', version: 'v1', kind: 'Deployment', schema };

test('reads what Kubernetes writes', () => {
  expect(decodeProtobuf(Buffer.from(recorded, 'base64'), target)).toMatchObject({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      generation: 1,
      creationTimestamp: expect.stringMatching(/^2026-11-22T/),
      managedFields: [
        { manager: 'registry', fieldsV1: { 'f:spec': expect.anything() } },
        { subresource: 'status', fieldsV1: { 'f:status': expect.anything() } },
      ],
    },
    spec: {
      replicas: 0,
      paused: true,
      selector: { matchLabels: { a: 'b' } },
      strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: {
        spec: {
          volumes: [
            { name: 'v', configMap: { name: 'x', items: [{ key: 'a', path: 'b', mode: 0 }], defaultMode: 420 } },
            { name: 'e', emptyDir: { sizeLimit: '1Gi' } },
          ],
          containers: [
            {
              name: 'x',
              envFrom: [{ configMapRef: { name: 'q' } }],
              env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: false } } }],
              resources: { limits: { cpu: '1500m' } },
              livenessProbe: { httpGet: { path: '/', port: 'http' } },
              ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }],
              securityContext: { runAsUser: 0, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    },
  });
});

test('what is no such message is refused as Kubernetes words it', () => {
  const decode = (bytes: readonly number[]) => () => decodeProtobuf(Uint8Array.from(bytes), target);
  expect(decode([0x7b])).toThrow(
    'the object provided is unrecognized (must be of type Deployment): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
  );
  expect(decode([0x6b, 0x38, 0x73, 0x00, 0x12, 0x05, 0x0a])).toThrow('unexpected EOF');
  const claim = [0x0a, 0x09, 0x0a, 0x02, 0x76, 0x31, 0x12, 0x03, 0x50, 0x6f, 0x64];
  expect(decode([0x6b, 0x38, 0x73, 0x00, ...claim])).toThrow(
    'Pod in version "v1" cannot be handled as a Deployment: converting (v1.Pod) to (apps.Deployment): unknown conversion',
  );
});
