-- Documents on their way to those who sign them, and what the vendor told of them.
CREATE TABLE envelopes (
    envelope_id       uuid PRIMARY KEY,
    tenant_id         uuid NOT NULL REFERENCES tenants,
    provider          text NOT NULL,
    -- The vendor's own key, once it is known.
    remote_id         text,
    document_id       uuid NOT NULL,
    -- The accepted version, and the hash of exactly what is sent.
    version_id        uuid NOT NULL,
    sha256            text NOT NULL,
    name              text NOT NULL,
    deal_id           uuid,
    -- The plan that asked for it: its thread hears of everything.
    plan_id           uuid NOT NULL REFERENCES plans,
    signers           jsonb NOT NULL,
    state             text NOT NULL DEFAULT 'asked'
        CHECK (state IN ('asked', 'sent', 'delivered', 'completed', 'declined', 'voided', 'failed')),
    -- Since when, by the vendor's clock, and why.
    state_at          timestamptz,
    reason            text,
    asked_by          uuid NOT NULL,
    approved_by       uuid NOT NULL,
    created_at        timestamptz NOT NULL,
    -- When it was last handed to the vendor: whoever looks for it gives the vendor's lists time.
    tried_at          timestamptz,
    -- What came back signed.
    signed_version_id uuid,
    UNIQUE (tenant_id, envelope_id),
    FOREIGN KEY (tenant_id, document_id) REFERENCES documents (tenant_id, document_id),
    FOREIGN KEY (tenant_id, version_id) REFERENCES versions (tenant_id, version_id),
    FOREIGN KEY (tenant_id, deal_id) REFERENCES deals (tenant_id, deal_id),
    FOREIGN KEY (tenant_id, asked_by) REFERENCES people (tenant_id, person_id),
    FOREIGN KEY (tenant_id, approved_by) REFERENCES people (tenant_id, person_id)
);
-- A document is out for signature once at a time.
CREATE UNIQUE INDEX envelopes_under_way ON envelopes (tenant_id, document_id)
    WHERE state IN ('asked', 'sent', 'delivered');
CREATE UNIQUE INDEX envelopes_by_remote ON envelopes (tenant_id, provider, remote_id) WHERE remote_id IS NOT NULL;
SELECT guard.protect('envelopes', 'SELECT, INSERT, UPDATE', '');

-- Signed messages of the vendor as they came: kept before they are acknowledged, each once.
CREATE TABLE envelope_messages (
    tenant_id    uuid NOT NULL REFERENCES tenants,
    body_hash    text NOT NULL,
    body         bytea NOT NULL,
    received_at  timestamptz NOT NULL,
    done_at      timestamptz,
    -- Why it told us nothing, if so.
    ignored      text,
    PRIMARY KEY (tenant_id, body_hash)
);
CREATE INDEX envelope_messages_new ON envelope_messages (tenant_id, received_at) WHERE done_at IS NULL;
SELECT guard.protect('envelope_messages', 'SELECT, INSERT, UPDATE, DELETE', '');
