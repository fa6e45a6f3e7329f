-- What providers told of a company, or that they know nothing; kept for a while, each tenant its own: it paid for it.
CREATE TABLE enrichments (
    tenant_id    uuid NOT NULL REFERENCES tenants,
    domain       text NOT NULL,
    provider     text NOT NULL,
    facts        jsonb NOT NULL,
    is_match     boolean NOT NULL,
    fetched_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    -- How many of its facts could be held against others, and how many others contradict.
    compared     int NOT NULL DEFAULT 0,
    contradicted int NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, domain, provider)
);
SELECT guard.protect('enrichments', 'SELECT, INSERT, UPDATE, DELETE', '');

-- Each call of a provider: written with its highest cost before it is made, settled after.
CREATE TABLE enrichment_calls (
    call_id     uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    domain      text NOT NULL,
    provider    text NOT NULL,
    begun_at    timestamptz NOT NULL,
    cost_micros bigint NOT NULL CHECK (cost_micros >= 0),
    -- begun, match, none or failed
    outcome     text NOT NULL DEFAULT 'begun' CHECK (outcome IN ('begun', 'match', 'none', 'failed')),
    error       text
);
CREATE INDEX enrichment_calls_by_time ON enrichment_calls (tenant_id, begun_at);
SELECT guard.protect('enrichment_calls', 'SELECT, INSERT, UPDATE', '');
