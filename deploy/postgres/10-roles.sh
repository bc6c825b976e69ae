#!/bin/sh
# 数据库首次建立时执行：结构归 zhibiao_owner，每个服务一个登录角色，彼此隔离。
# Run once, when the database is made: the schemas belong to zhibiao_owner, and each service has a login of its
# own that `stack migrate` gives rights in its own schema only.
set -eu
secrets="${ZHIBIAO_SECRETS_DIR:-/run/secrets}"
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname "$POSTGRES_DB" \
  --set owner="$(cat "$secrets/owner_password")" \
  --set auth="$(cat "$secrets/auth_password")" \
  --set targets="$(cat "$secrets/targets_password")" \
  --set progress="$(cat "$secrets/progress_password")" \
  --set database="$POSTGRES_DB" <<'SQL'
CREATE ROLE zhibiao_owner LOGIN PASSWORD :'owner';
CREATE ROLE zhibiao_auth LOGIN PASSWORD :'auth';
CREATE ROLE zhibiao_targets LOGIN PASSWORD :'targets';
CREATE ROLE zhibiao_progress LOGIN PASSWORD :'progress';
ALTER DATABASE :"database" OWNER TO zhibiao_owner;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO zhibiao_auth, zhibiao_targets, zhibiao_progress;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SQL
