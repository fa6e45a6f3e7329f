-- The home tab that a person has open in a workspace, e.g. Slack's App Home: shown again whenever something changed.
CREATE TABLE homes (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    workspace  text NOT NULL,
    -- The person as the channel numbers people.
    user_key   text NOT NULL,
    person_id  uuid NOT NULL,
    opened_at  timestamptz NOT NULL DEFAULT now(),
    -- How far the audit chain was when it was shown: whatever changes anything writes there.
    shown_seq  bigint NOT NULL DEFAULT -1,
    shown_hash text,
    run_at     timestamptz NOT NULL DEFAULT now(),
    failures   integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, workspace, user_key),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, person_id)
);
SELECT guard.protect('homes', 'SELECT, INSERT, UPDATE', 'SELECT, UPDATE, DELETE');
CREATE INDEX homes_by_time ON homes (run_at);

-- Whoever shows homes has to see how far each chain is; what stands in it stays the tenant's.
CREATE POLICY system ON audit_heads FOR SELECT TO dealdesk_system USING (true);
GRANT SELECT (tenant_id, seq) ON audit_heads TO dealdesk_system;
