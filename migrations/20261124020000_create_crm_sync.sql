-- Following a CRM: what each of its records is here, where the following stands, and what we wrote there.

-- A record of a CRM and ours. The base is what the CRM had when it was last seen or written by us, at which version: what
-- comes back the same is an echo, what is older is late, and a field that differs from it was changed.
CREATE TABLE crm_records (
    tenant_id uuid NOT NULL REFERENCES tenants,
    provider  text NOT NULL CHECK (provider IN ('hubspot', 'salesforce')),
    object    text NOT NULL CHECK (object IN ('company', 'contact', 'deal', 'note')),
    remote_id text COLLATE "C" NOT NULL,
    -- A partner, a deal or a note; none for contacts, which stand here alone.
    local_id  uuid,
    version   timestamptz NOT NULL,
    base      jsonb NOT NULL DEFAULT '{}',
    state     text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'archived', 'merged')),
    -- Fields that stay as they are here until somebody releases them.
    pinned    text[] NOT NULL DEFAULT '{}',
    seen_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, provider, object, remote_id)
);
CREATE INDEX crm_records_of_ours ON crm_records (tenant_id, provider, object, local_id) WHERE local_id IS NOT NULL;
SELECT guard.protect('crm_records', 'SELECT, INSERT, UPDATE', '');

-- How far the following of each object is; kept with the page it is about.
CREATE TABLE crm_cursors (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    provider    text NOT NULL,
    object      text NOT NULL,
    cursor      jsonb NOT NULL,
    rows        bigint NOT NULL DEFAULT 0,
    -- One process at a time follows.
    fence       bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    -- Somebody or something asks to look now.
    wanted_at   timestamptz,
    checked_at  timestamptz,
    -- What a check for deleted records found and nobody confirmed yet.
    held_gone   bigint NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, provider, object)
);
SELECT guard.protect('crm_cursors', 'SELECT, INSERT, UPDATE', 'SELECT, UPDATE');

-- How calls and records fared, by quarters of an hour.
CREATE TABLE crm_outcomes (
    tenant_id uuid NOT NULL REFERENCES tenants,
    provider  text NOT NULL,
    slot      timestamptz NOT NULL,
    ok        bigint NOT NULL DEFAULT 0,
    failed    bigint NOT NULL DEFAULT 0,
    calls     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, provider, slot)
);
SELECT guard.protect('crm_outcomes', 'SELECT, INSERT, UPDATE', 'SELECT');

-- A deal that began in a CRM has no plan, and so no thread of its own.
ALTER TABLE deals ALTER COLUMN plan_id DROP NOT NULL;
