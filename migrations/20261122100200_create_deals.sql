-- Partners, deals, their history and notes.

CREATE TABLE partners (
    partner_id uuid PRIMARY KEY,
    tenant_id  uuid NOT NULL REFERENCES tenants,
    company_id text NOT NULL,
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, company_id),
    UNIQUE (tenant_id, partner_id)
);
SELECT guard.protect('partners', 'SELECT, INSERT, UPDATE', '');

CREATE TABLE deals (
    deal_id     uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    partner_id  uuid NOT NULL,
    plan_id     uuid NOT NULL REFERENCES plans,
    name        text NOT NULL,
    stage       text NOT NULL,
    stage_since timestamptz NOT NULL,
    owner_id    uuid,
    fit         smallint CHECK (fit BETWEEN 0 AND 100),
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    UNIQUE (tenant_id, deal_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, partner_id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES people (tenant_id, person_id)
);
CREATE INDEX deals_recent ON deals (tenant_id, updated_at DESC);
CREATE INDEX deals_partner ON deals (tenant_id, partner_id);
SELECT guard.protect('deals', 'SELECT, INSERT, UPDATE', '');

-- Append-only: every stage a deal was in, and why it moved.
CREATE TABLE stage_changes (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    deal_id    uuid NOT NULL,
    seq        int NOT NULL,
    from_stage text,
    to_stage   text NOT NULL,
    at         timestamptz NOT NULL,
    person_id  uuid,
    source     text NOT NULL DEFAULT 'person',
    reason     text,
    PRIMARY KEY (deal_id, seq),
    FOREIGN KEY (tenant_id, deal_id) REFERENCES deals (tenant_id, deal_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, person_id)
);
SELECT guard.protect('stage_changes', 'SELECT, INSERT', '');

CREATE TABLE notes (
    note_id    uuid PRIMARY KEY,
    tenant_id  uuid NOT NULL REFERENCES tenants,
    deal_id    uuid NOT NULL,
    person_id  uuid NOT NULL,
    text       text NOT NULL,
    created_at timestamptz NOT NULL,
    FOREIGN KEY (tenant_id, deal_id) REFERENCES deals (tenant_id, deal_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, person_id)
);
CREATE INDEX notes_of_deal ON notes (tenant_id, deal_id, created_at);
SELECT guard.protect('notes', 'SELECT, INSERT', '');
