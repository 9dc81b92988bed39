/**
 * How the PostgreSQL image starts. The environment is what users of such images know: POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE), POSTGRES_USER, POSTGRES_DB,
 * POSTGRES_HOST_AUTH_METHOD, POSTGRES_INITDB_ARGS, PGDATA, and scripts in /docker-entrypoint-initdb.d.
 *
 * The database is made in a folder within PGDATA and moved into place when it is whole, PG_VERSION last: a container that is killed at any point of
 * its first start goes on, or begins anew, at its next one.
 */
export const postgresEntrypoint = `#!/bin/sh
set -eu

if [ "\${1:-}" != postgres ] && [ "\${1#-}" = "\${1:-}" ]; then
  exec "$@"
fi
[ "\${1#-}" = "$1" ] || set -- postgres "$@"

umask 077
mkdir -p "$PGDATA"
if [ "$(id -u)" = 0 ]; then
  chown postgres:postgres "$PGDATA"
  find "$PGDATA" ! -user postgres -exec chown postgres:postgres {} +
  exec su -p -s /bin/sh postgres "$0" "$@"
fi
chmod 700 "$PGDATA"

value() { # NAME DEFAULT: the variable, or the content of the file that NAME_FILE names
  eval "given=\\\${$1:-} file=\\\${$1_FILE:-}"
  if [ -n "$given" ] && [ -n "$file" ]; then
    echo "$1 and $1_FILE are both set: set one of them" >&2
    exit 1
  fi
  if [ -n "$file" ]; then cat "$file"; else printf %s "\${given:-$2}"; fi
}

new="$PGDATA/.new"
whole="$PGDATA/.new-is-whole"

prepare() {
  user=$(value POSTGRES_USER postgres)
  database=$(value POSTGRES_DB "$user")
  password=$(value POSTGRES_PASSWORD "")
  method=\${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  if [ -z "$password" ] && [ "$method" != trust ]; then
    echo "the first start needs a password for the superuser $user: set POSTGRES_PASSWORD (or POSTGRES_HOST_AUTH_METHOD=trust, which lets anybody in)" >&2
    exit 1
  fi
  rm -rf "$new"
  if [ -n "$password" ]; then
    printf '%s\\n' "$password" >"$PGDATA/.password"
    set -- --pwfile="$PGDATA/.password"
  fi
  initdb --pgdata="$new" --username="$user" --encoding=UTF8 --no-locale --auth-local=trust --auth-host="$method" \\
    \${POSTGRES_INITDB_ARGS:-} "$@" >&2
  rm -f "$PGDATA/.password"
  printf 'host all all all %s\\n' "$method" >>"$new/pg_hba.conf"
  printf "listen_addresses = '*'\\n" >>"$new/postgresql.conf"

  pg_ctl --pgdata="$new" --wait --options="-c listen_addresses= -c unix_socket_directories=$PGDATA" start >&2
  run() { psql --host="$PGDATA" --username="$user" --no-psqlrc --set=ON_ERROR_STOP=1 "$@"; }
  if [ "$database" != postgres ]; then
    run --dbname=postgres --set=name="$database" >&2 <<'SQL'
CREATE DATABASE :"name";
SQL
  fi
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
      *.sh) PGHOST="$PGDATA" PGUSER="$user" PGDATABASE="$database" sh -eu "$script" >&2 ;;
      *.sql) run --dbname="$database" --file="$script" >&2 ;;
      *.sql.gz) gunzip -c "$script" | run --dbname="$database" >&2 ;;
    esac
  done
  pg_ctl --pgdata="$new" --wait --mode=fast stop >&2
  sync
  : >"$whole"
  sync
}

if [ ! -e "$PGDATA/PG_VERSION" ]; then
  [ -e "$whole" ] || prepare
  for each in "$new"/*; do
    [ "$each" = "$new/PG_VERSION" ] || mv "$each" "$PGDATA/"
  done
  mv "$new/PG_VERSION" "$PGDATA/"
  sync
fi
rm -rf "$new" "$whole" "$PGDATA/.password"
exec "$@"
`;
