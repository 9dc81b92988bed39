import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parsePackages } from './debian-control.ts';
import { DebianPackages } from './debian-packages.ts';

const stanza = (name: string, fields = '') => `Package: ${name}
Version: 1:2-${name}
Architecture: amd64
SHA256: ${createHash('sha256').update(name).digest('hex')}
${fields}Description-en: what it is
 in several
 lines: with a colon
`;

const offered: Readonly<Record<string, string>> = {
  web: stanza(
    'web',
    'Pre-Depends: libc6 (>= 2.34)\nDepends: libssl:any (>= 3), helper | other-helper,\n tools, gone\n',
  ),
  libc6: stanza('libc6', 'Depends: libgcc\n'),
  libgcc: stanza('libgcc', 'Depends: libc6\n'),
  libssl: stanza('libssl'),
  'other-helper': stanza('other-helper'),
  tools: stanza('tools', 'Depends: more-tools\n'),
};

function fakeApt() {
  const commands: string[] = [];
  const known: Record<string, string> = { ...offered };
  return {
    commands,
    known,
    processes: {
      run: async (command: readonly string[]) => {
        commands.push(command.join(' '));
        if (command[1] === 'update') known['new'] = stanza('new');
        const texts = command.slice(3).flatMap((name) => known[name] ?? []);
        const download = command.indexOf('apt-get') > 0;
        if (download) {
          for (const each of command.slice(command.indexOf('APT::Sandbox::User=root') + 1)) {
            const name = each.split('=')[0] ?? '';
            writeFileSync(join(command[3] ?? '', `${name}_1%3a2-${name}_amd64.deb`), name);
          }
        }
        return { code: 0, stdout: texts.join('\n'), stderr: '' };
      },
    },
  };
}

test('parses stanzas: alternatives, qualifiers, continued lines', () => {
  const [web] = parsePackages(`${offered['web']}\nnonsense\n`);
  expect(web).toMatchObject({
    name: 'web',
    version: '1:2-web',
    architecture: 'amd64',
    depends: [['libc6'], ['libssl'], ['helper', 'other-helper'], ['tools'], ['gone']],
  });
});

test('resolves what a package needs, takes the first alternative there is, and leaves out what is ignored', async () => {
  const apt = fakeApt();
  const packages = new DebianPackages(apt.processes, '/nowhere');
  const found = await packages.resolve(['web'], [/^tools$/]);
  expect(found.map((each) => each.name)).toEqual(['libc6', 'libgcc', 'libssl', 'other-helper', 'web']);
  expect(apt.commands.every((command) => command.startsWith('apt-cache show'))).toBe(true);
});

test('updates apt’s lists once when it does not know a package', async () => {
  const apt = fakeApt();
  const packages = new DebianPackages(apt.processes, '/nowhere');
  expect((await packages.resolve(['new'], [])).map((each) => each.name)).toEqual(['new']);
  await expect(packages.resolve(['nonsense'], [])).rejects.toThrow('apt does not know nonsense');
  expect(apt.commands.filter((command) => command.startsWith('apt-get update'))).toHaveLength(1);
});

test('downloads what is missing or damaged, and unpacks all', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stuurman-debs-'));
  try {
    const apt = fakeApt();
    const packages = new DebianPackages(apt.processes, join(folder, 'debs'));
    const found = await packages.resolve(['libssl', 'other-helper'], []);
    apt.commands.length = 0;
    await packages.unpack(found, join(folder, 'root'));
    writeFileSync(join(folder, 'debs/libssl_1%3a2-libssl_amd64.deb'), 'damaged');
    await packages.unpack(found, join(folder, 'root'));
    await packages.unpack(found, join(folder, 'root'));
    const downloads = apt.commands.filter((command) => command.includes('apt-get download'));
    expect(downloads.map((command) => command.split('User=root ')[1])).toEqual([
      'libssl=1:2-libssl other-helper=1:2-other-helper',
      'libssl=1:2-libssl',
    ]);
    expect(apt.commands.filter((command) => command.startsWith('dpkg-deb'))).toHaveLength(6);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
