import { directory, type LayerEntry, link, textFile } from './layer-entry.ts';

export interface Account {
  readonly name: string;
  readonly id: number;
  readonly home: string;
}

/** What every image has: the folders that programs count on, accounts, and how names are looked up. */
export function baseLayer(accounts: readonly Account[] = []): readonly LayerEntry[] {
  const all: readonly Account[] = [{ name: 'root', id: 0, home: '/root' }, ...accounts, nobody];
  const shell = (account: Account) => (account.id === 0 ? '/bin/sh' : '/usr/sbin/nologin');
  return [
    ...['/dev', '/etc', '/home', '/proc', '/run', '/srv', '/sys', '/usr/bin', '/usr/lib', '/usr/local/bin'].map(
      (path) => directory(path),
    ),
    ...['/usr/sbin', '/usr/share', '/var/lib', '/var/log'].map((path) => directory(path)),
    directory('/root', 0o700),
    directory('/tmp', 0o1777),
    directory('/var/tmp', 0o1777),
    ...['bin', 'sbin', 'lib'].map((name) => link(`/${name}`, `usr/${name}`)),
    // The loader of amd64 is known by a path in here.
    directory('/usr/lib64'),
    link('/lib64', 'usr/lib64'),
    link('/var/run', '/run'),
    textFile(
      '/etc/passwd',
      all.map((each) => `${each.name}:x:${each.id}:${each.id}:${each.name}:${each.home}:${shell(each)}\n`).join(''),
    ),
    textFile('/etc/group', all.map((each) => `${groupOf(each)}:x:${each.id}:\n`).join('')),
    textFile('/etc/shadow', all.map((each) => `${each.name}:*:1:0:99999:7:::\n`).join(''), 0o640),
    textFile('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n'),
    ...accounts.map((each) => directory(each.home, 0o755, each.id, each.id)),
  ];
}

const nobody: Account = { name: 'nobody', id: 65534, home: '/nonexistent' };

function groupOf(account: Account): string {
  return account === nobody ? 'nogroup' : account.name;
}
