import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  file_google_protobuf_any,
  file_google_protobuf_empty,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
} from '@bufbuild/protobuf/wkt';
import { readFacts } from './facts.ts';
import { fileDescriptor, type GrpcFact, type ProtoFile } from './grpc-descriptors.ts';

const wellKnown = [
  file_google_protobuf_any,
  file_google_protobuf_empty,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
];
const timestamp = 'google/protobuf/timestamp.proto';

/** What the node says to its container runtime: CRI, and containerd's own event service. In the order of their dependencies. */
const protoFiles: readonly ProtoFile[] = [
  {
    name: 'runtime-v1.proto',
    package: 'runtime.v1',
    dependencies: wellKnown.map((file) => `${file.name}.proto`),
  },
  {
    name: 'containerd-types.proto',
    package: 'containerd.types',
    dependencies: [timestamp, 'google/protobuf/any.proto'],
    only: ['Envelope'],
  },
  {
    name: 'containerd-events.proto',
    package: 'containerd.events',
    dependencies: [timestamp, 'google/protobuf/any.proto'],
    only: ['ContainerCreate', 'ContainerDelete', 'TaskStart', 'TaskExit', 'TaskOOM'],
  },
  {
    name: 'containerd-services-events-v1.proto',
    package: 'containerd.services.events.v1',
    dependencies: ['containerd-types.proto', 'google/protobuf/any.proto', 'google/protobuf/empty.proto'],
  },
];

/** Code for the gRPC services, by its file name: descriptors are put together from the facts and given to protoc-gen-es, so no compiler is needed. */
export function grpcFiles(): ReadonlyMap<string, string> {
  const facts = readFacts<GrpcFact>('grpc');
  const own = protoFiles.map((file) => fileDescriptor(facts, file));
  const request = create(CodeGeneratorRequestSchema, {
    fileToGenerate: own.map((file) => file.name),
    parameter: 'target=ts,import_extension=ts,erasable_syntax=true',
    protoFile: [...wellKnown.map((file) => file.proto), ...own],
  });
  const plugin = fileURLToPath(new URL('../../node_modules/.bin/protoc-gen-es', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [plugin], {
    input: toBinary(CodeGeneratorRequestSchema, request),
    maxBuffer: 64 << 20,
  });
  if (status !== 0) throw new Error(`protoc-gen-es failed: ${stderr}`);
  const response = fromBinary(CodeGeneratorResponseSchema, stdout);
  if (response.error !== '') throw new Error(`protoc-gen-es: ${response.error}`);
  return new Map(
    response.file.map((file) => [
      file.name.replace('_pb.ts', '.generated.ts'),
      file.content.replaceAll(/(from "\.\/[a-z0-9-]+)_pb\.ts"/g, '$1.generated.ts"'),
    ]),
  );
}
