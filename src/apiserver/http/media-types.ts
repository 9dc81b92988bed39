/** Kubernetes' protobuf encoding, in which typed Go clients send and ask for built-in kinds. */
export const protobufMediaType = 'application/vnd.kubernetes.protobuf';
export const objectMediaTypes = ['application/json', 'application/yaml', protobufMediaType];
export const streamMediaTypes = ['application/json;stream=watch', `${protobufMediaType};stream=watch`];
