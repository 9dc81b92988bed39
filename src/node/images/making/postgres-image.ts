import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { baseLayer } from './base-layer.ts';
import { busyboxPackage, busyboxTools } from './busybox-tools.ts';
import { ignoredPackages, type PackageImage } from './image-kitchen.ts';
import { directory, textFile } from './layer-entry.ts';
import { PackageTree } from './package-tree.ts';
import { postgresEntrypoint } from './postgres-entrypoint.ts';

const account = { name: 'postgres', id: 999, home: '/var/lib/postgresql' };
const dataDirectory = '/var/lib/postgresql/data';

/**
 * Debian's PostgreSQL, whichever it has, without its just-in-time compiler (a library of 100 MB), started by a script that makes the database
 * the first time. It also goes by its own version: `stuurman.local/postgres:15`.
 */
export const postgresImage: PackageImage = {
  name: 'postgres',
  image: 'stuurman.local/postgres:1',
  packages: ['postgresql', 'tzdata', busyboxPackage],
  ignored: [...ignoredPackages, /^(postgresql-common|postgresql-client-common|libllvm.*)$/],
  ingredients: ['2', postgresEntrypoint],
  cook: async ({ processes, architecture, root }) => {
    const [major = ''] = await readdir(join(root, 'usr/lib/postgresql'));
    const programs = `/usr/lib/postgresql/${major}`;
    const tree = new PackageTree(root);
    await tree.take(programs, /\/(bitcode|llvmjit.*)$/);
    await tree.take(`/usr/share/postgresql/${major}`, /\/man$/);
    await tree.take('/usr/share/zoneinfo', /\/(posix|right)$/);
    return {
      names: [postgresImage.image, `stuurman.local/postgres:${major}`],
      architecture,
      layers: [
        [
          ...baseLayer([account]),
          ...(await busyboxTools(processes, root)),
          ...tree.entries(),
          textFile('/usr/local/bin/postgres-entrypoint', postgresEntrypoint, 0o755),
          directory('/docker-entrypoint-initdb.d'),
          directory(dataDirectory, 0o1777, account.id, account.id),
          directory('/run/postgresql', 0o1777, account.id, account.id),
        ],
      ],
      entrypoint: ['postgres-entrypoint'],
      command: ['postgres'],
      environment: {
        PATH: `/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${programs}/bin`,
        PGDATA: `${dataDirectory}/pgdata`,
        LANG: 'C.UTF-8',
      },
      // A fast shutdown: sessions are ended, the data is written out.
      stopSignal: 'SIGINT',
      volumes: [dataDirectory],
      exposedPorts: ['5432/tcp'],
    };
  },
};
