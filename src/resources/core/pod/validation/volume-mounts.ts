import type { FieldError } from '../../../../machinery/field-error.ts';
import { forbidden, invalid, notFoundValue, notSupported, required } from '../../../../machinery/field-errors.ts';
import type { Container, Volume, VolumeMount } from '../../../schema/core-v1.generated.ts';
import { validateDescendingPath } from './paths.ts';

const propagations: ReadonlySet<string> = new Set(['Bidirectional', 'HostToContainer', 'None']);
const recursiveReadOnlyModes: ReadonlySet<string> = new Set(['Disabled', 'Enabled', 'IfPossible']);

type Volumes = ReadonlyMap<string, Volume>;

export function validateVolumeMounts(container: Container, volumes: Volumes, path: string, errors: FieldError[]): void {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const mountPaths = new Set<string>();
  // By name, so that of two devices with the same name the last one counts.
  const devices = new Map(volumeDevices.map(({ name, devicePath }) => [name, devicePath]));
  for (const [index, mount] of volumeMounts.entries()) {
    const place = `${path}[${index}]`;
    if (!mount.name) errors.push(required(`${place}.name`));
    if (!volumes.has(mount.name)) errors.push(notFoundValue(`${place}.name`, mount.name));
    if (!mount.mountPath) errors.push(required(`${place}.mountPath`));
    if (mountPaths.has(mount.mountPath)) errors.push(invalid(`${place}.mountPath`, mount.mountPath, 'must be unique'));
    mountPaths.add(mount.mountPath);
    validateApartFromDevices(mount, devices, place, errors);
    validateSubPath(mount, place, path, errors);
    validatePropagation(mount, container, `${path}.mountPropagation`, errors);
    validateRecursiveReadOnly(mount, `${path}.recursiveReadOnly`, errors);
  }
}

function validateApartFromDevices(
  mount: VolumeMount,
  devices: ReadonlyMap<string, string>,
  place: string,
  errors: FieldError[],
): void {
  if (devices.has(mount.name))
    errors.push(invalid(`${place}.name`, mount.name, 'must not already exist in volumeDevices'));
  if ([...devices.values()].includes(mount.mountPath))
    errors.push(invalid(`${place}.mountPath`, mount.mountPath, 'must not already exist as a path in volumeDevices'));
}

function validateSubPath(mount: VolumeMount, place: string, path: string, errors: FieldError[]): void {
  const { subPath, subPathExpr } = mount;
  if (subPath) validateDescendingPath(subPath, `${path}.subPath`, errors);
  if (!subPathExpr) return;
  if (subPath)
    errors.push(invalid(`${place}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
  validateDescendingPath(subPathExpr, `${path}.subPathExpr`, errors);
}

function validatePropagation(mount: VolumeMount, container: Container, path: string, errors: FieldError[]): void {
  const { mountPropagation } = mount;
  if (mountPropagation === undefined) return;
  if (!propagations.has(mountPropagation)) errors.push(notSupported(path, mountPropagation, propagations));
  const privileged = container.securityContext?.privileged === true;
  if (mountPropagation === 'Bidirectional' && !privileged)
    errors.push(forbidden(path, 'Bidirectional mount propagation is available only to privileged containers'));
}

function validateRecursiveReadOnly(mount: VolumeMount, path: string, errors: FieldError[]): void {
  const { recursiveReadOnly, readOnly, mountPropagation } = mount;
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return;
  if (!recursiveReadOnlyModes.has(recursiveReadOnly)) {
    errors.push(notSupported(path, recursiveReadOnly, recursiveReadOnlyModes));
    return;
  }
  if (readOnly !== true) errors.push(forbidden(path, 'may only be specified when readOnly is true'));
  if (mountPropagation !== undefined && mountPropagation !== 'None')
    errors.push(forbidden(path, 'may only be specified when mountPropagation is None or not specified'));
}

export function validateVolumeDevices(
  container: Container,
  volumes: Volumes,
  path: string,
  errors: FieldError[],
): void {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const mounts = new Map(volumeMounts.map(({ name, mountPath }) => [name, mountPath]));
  const names = new Set<string>();
  const paths = new Set<string>();
  for (const [index, { name, devicePath }] of volumeDevices.entries()) {
    const place = `${path}[${index}]`;
    if (!name) errors.push(required(`${place}.name`));
    if (names.has(name)) errors.push(invalid(`${place}.name`, name, 'must be unique'));
    validateBlockVolume(name, volumes, `${place}.name`, errors);
    if (!devicePath) errors.push(required(`${place}.devicePath`));
    if (paths.has(devicePath)) errors.push(invalid(`${place}.devicePath`, devicePath, 'must be unique'));
    if (devicePath.includes('..'))
      errors.push(invalid(`${place}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    else paths.add(devicePath);
    if (mounts.has(name)) errors.push(invalid(`${place}.name`, name, 'must not already exist in volumeMounts'));
    if ([...mounts.values()].includes(devicePath))
      errors.push(invalid(`${place}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'));
    if (name) names.add(name);
  }
}

function validateBlockVolume(name: string, volumes: Volumes, path: string, errors: FieldError[]): void {
  const volume = volumes.get(name);
  if (volume === undefined) errors.push(notFoundValue(path, name));
  else if (volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined) {
    const detail = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
    errors.push(invalid(path, name, detail));
  }
}
