-- Roles, the tenant wall, tenants, people, audit.
--
-- Two roles reach the tables; neither owns one and neither bypasses row-level security:
--   dealdesk_app     sees one tenant's rows, and only after proving the tenant;
--   dealdesk_system  moves queues and resolves who is writing, across tenants.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['dealdesk_app', 'dealdesk_system'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', name);
            END IF;
        EXCEPTION
            -- Several databases of one server may be migrated at the same moment.
            WHEN unique_violation OR duplicate_object THEN NULL;
        END;
        -- The login that migrates takes on both roles, unless somebody let it already.
        IF NOT pg_has_role(current_user, name, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO %I', name, current_user);
        END IF;
    END LOOP;
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO dealdesk_app, dealdesk_system;

CREATE SCHEMA guard;
GRANT USAGE ON SCHEMA guard TO dealdesk_app, dealdesk_system;

-- The secret that proves a tenant. The app role cannot read it, so it cannot enter another tenant
-- even though it may call set_config itself.
CREATE TABLE guard.secret (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    secret bytea NOT NULL
);
INSERT INTO guard.secret (secret)
VALUES (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));
GRANT SELECT ON guard.secret TO dealdesk_system;

-- The tenant this transaction has proved, or null. An empty setting is what SET LOCAL leaves
-- behind after a commit on the same connection.
CREATE FUNCTION guard.tenant() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS
$$
DECLARE
    claimed text := nullif(current_setting('dealdesk.tenant', true), '');
    proof   text := current_setting('dealdesk.proof', true);
    wanted  text;
BEGIN
    IF claimed IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT encode(sha256(secret || sha256(secret || convert_to(claimed, 'UTF8'))), 'hex')
      INTO wanted FROM guard.secret;
    IF wanted IS DISTINCT FROM proof THEN
        RAISE EXCEPTION 'tenant not proved' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN claimed::uuid;
END
$$;
REVOKE ALL ON FUNCTION guard.tenant() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION guard.tenant() TO dealdesk_app, dealdesk_system;

-- Puts a table behind the wall. Privileges are named by the migration that creates the table.
CREATE FUNCTION guard.protect(place regclass, app_rights text, system_rights text) RETURNS void
    LANGUAGE plpgsql AS
$$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', place);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', place);
    EXECUTE format('CREATE POLICY tenant ON %s TO dealdesk_app '
        'USING (tenant_id = (SELECT guard.tenant())) WITH CHECK (tenant_id = (SELECT guard.tenant()))', place);
    IF app_rights <> '' THEN
        EXECUTE format('GRANT %s ON %s TO dealdesk_app', app_rights, place);
    END IF;
    IF system_rights <> '' THEN
        EXECUTE format('CREATE POLICY system ON %s TO dealdesk_system USING (true) WITH CHECK (true)', place);
        EXECUTE format('GRANT %s ON %s TO dealdesk_system', system_rights, place);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION guard.protect(regclass, text, text) FROM PUBLIC;

CREATE TABLE tenants (
    tenant_id  uuid PRIMARY KEY,
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
SELECT guard.protect('tenants', 'SELECT', 'SELECT, INSERT');

-- A channel's workspace, e.g. a Slack team, belongs to one tenant.
CREATE TABLE workspaces (
    channel     text NOT NULL,
    external_id text NOT NULL,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    name        text NOT NULL DEFAULT '',
    bot_user    text,
    -- The bot's token, sealed under the installation's key.
    token       bytea,
    state       text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'removed')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel, external_id)
);
SELECT guard.protect('workspaces', 'SELECT', 'SELECT, INSERT, UPDATE');

CREATE TABLE people (
    person_id  uuid PRIMARY KEY,
    tenant_id  uuid NOT NULL REFERENCES tenants,
    name       text NOT NULL,
    email      text CHECK (email = lower(email)),
    role       text NOT NULL CHECK (role IN ('viewer', 'member', 'approver', 'admin')),
    is_active  boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, email),
    UNIQUE (tenant_id, person_id)
);
SELECT guard.protect('people', 'SELECT, INSERT, UPDATE', 'SELECT, INSERT, UPDATE');

-- The names a person goes by on channels.
CREATE TABLE identities (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    channel     text NOT NULL,
    workspace   text NOT NULL,
    external_id text NOT NULL,
    person_id   uuid NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel, workspace, external_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, person_id)
);
CREATE INDEX identities_person ON identities (tenant_id, person_id);
SELECT guard.protect('identities', 'SELECT, INSERT', 'SELECT, INSERT');

-- What opens a door: one-time sign-in links, console sessions, interface tokens. Only hashes.
CREATE TABLE credentials (
    hash       bytea PRIMARY KEY,
    tenant_id  uuid NOT NULL REFERENCES tenants,
    person_id  uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('link', 'session', 'token')),
    label      text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, person_id)
);
CREATE INDEX credentials_person ON credentials (tenant_id, person_id);
SELECT guard.protect('credentials', 'SELECT, INSERT, DELETE', 'SELECT, INSERT, DELETE');

-- What happened and can be answered for. `detail` is json, not jsonb: the hash covers its text.
CREATE TABLE audit_entries (
    tenant_id uuid NOT NULL REFERENCES tenants,
    seq       bigint NOT NULL,
    at        timestamptz NOT NULL,
    actor     text NOT NULL,
    action    text NOT NULL,
    subject   text NOT NULL,
    detail    json NOT NULL,
    hash      bytea NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
SELECT guard.protect('audit_entries', 'SELECT, INSERT', '');

-- The last link of each chain: shows when the tail was cut off.
CREATE TABLE audit_heads (
    tenant_id uuid PRIMARY KEY REFERENCES tenants,
    seq       bigint NOT NULL,
    hash      bytea NOT NULL
);
SELECT guard.protect('audit_heads', 'SELECT, INSERT, UPDATE', '');
