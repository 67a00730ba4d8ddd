#!/bin/sh
# Make the two roles of ours, neither of them a superuser: one owns the tables and changes them (`migrate`), the
# other reads and writes their rows (all services). The official image runs this when it makes the database; in
# one that exists, run it by hand: docker compose exec postgres sh /docker-entrypoint-initdb.d/roles.sh
set -eu

psql --set ON_ERROR_STOP=1 --quiet --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set owner_password="$(cat "$ROLES_DIR/owner_password")" \
    --set service_password="$(cat "$ROLES_DIR/service_password")" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN', role)
FROM unnest(ARRAY['thumbs_owner', 'thumbs_service']) AS role
WHERE role NOT IN (SELECT rolname FROM pg_roles)
\gexec
ALTER ROLE thumbs_owner PASSWORD :'owner_password';
ALTER ROLE thumbs_service PASSWORD :'service_password';
-- Who is no superuser, as nobody is at a managed PostgreSQL, can give things only to a role that they belong to.
SELECT format('GRANT thumbs_owner TO %I', current_user)
FROM pg_roles WHERE rolname = current_user AND NOT rolsuper
\gexec

SELECT format('ALTER DATABASE %I OWNER TO thumbs_owner', current_database())
\gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database())
\gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO thumbs_service', current_database())
\gexec

-- What an older set-up made as another role.
SELECT format('ALTER TABLE %I OWNER TO thumbs_owner', tablename) FROM pg_tables WHERE schemaname = 'public'
\gexec
SELECT format('ALTER FUNCTION %s OWNER TO thumbs_owner', oid::regprocedure)
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
\gexec

GRANT USAGE ON SCHEMA public TO thumbs_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO thumbs_service;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO thumbs_service;
ALTER DEFAULT PRIVILEGES FOR ROLE thumbs_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO thumbs_service;
ALTER DEFAULT PRIVILEGES FOR ROLE thumbs_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO thumbs_service;
SQL
