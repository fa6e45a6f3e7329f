-- A tenant's connection to a vendor: where, with what secrets (sealed), and how it fares.
CREATE TABLE connections (
    tenant_id        uuid NOT NULL REFERENCES tenants,
    provider         text NOT NULL CHECK (provider ~ '^[a-z][a-z_]{1,30}$'),
    -- The vendor's own key of the account, e.g. a portal or an organisation: tells whose a webhook is.
    account          text NOT NULL,
    settings         jsonb NOT NULL DEFAULT '{}',
    secrets          bytea NOT NULL,
    -- A token that expires and is renewed with the secrets.
    token            bytea,
    token_expires_at timestamptz,
    renewing_until   timestamptz,
    state            text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'revoked')),
    last_ok_at       timestamptz,
    last_error       text,
    last_error_at    timestamptz,
    -- Failures since it last went well.
    failures         int NOT NULL DEFAULT 0,
    connected_by     uuid,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, provider),
    FOREIGN KEY (tenant_id, connected_by) REFERENCES people (tenant_id, person_id)
);
-- Not unique: tenants may share an account at a vendor, and none is to learn of the other.
CREATE INDEX connections_by_account ON connections (provider, account) WHERE account <> '';
SELECT guard.protect('connections', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, UPDATE');

-- What is to be changed at vendors, each once, in order per subject. Written with the change that asks for it.
CREATE TABLE effects (
    effect_id   uuid PRIMARY KEY,
    seq         bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    plan_id     uuid,
    effect_key  text NOT NULL,
    provider    text NOT NULL,
    action      text NOT NULL,
    -- Effects on one subject are done one after the other.
    subject     text NOT NULL,
    payload     jsonb NOT NULL,
    -- 0: somebody waits for it; 1: in the ordinary course; 2: whenever there is room.
    urgency     smallint NOT NULL DEFAULT 1,
    state       text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
    run_at      timestamptz NOT NULL DEFAULT now(),
    attempt     int NOT NULL DEFAULT 0,
    fence       bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    -- It may have been done already: look before doing it again.
    is_unsure   boolean NOT NULL DEFAULT false,
    result      jsonb,
    error       text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    UNIQUE (tenant_id, effect_key)
);
CREATE INDEX effects_ready ON effects (provider, urgency, seq) WHERE state = 'queued';
CREATE INDEX effects_in_order ON effects (tenant_id, provider, subject, seq) WHERE state IN ('queued', 'running');
CREATE INDEX effects_leased ON effects (lease_until) WHERE state = 'running';
CREATE INDEX effects_latest ON effects (tenant_id, provider, seq DESC);
SELECT guard.protect('effects', 'SELECT, INSERT, UPDATE', 'SELECT, UPDATE');
GRANT USAGE ON SEQUENCE effects_seq_seq TO dealdesk_app;
