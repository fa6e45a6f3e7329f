-- Approval policies, delegations, and what each person said on a request.

-- Append-only: every change is a new number; 0 is the policy that comes with the program and is not kept here.
CREATE TABLE approval_policies (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    number     int NOT NULL CHECK (number > 0),
    policy     json NOT NULL,
    note       text NOT NULL DEFAULT '',
    -- None: somebody at the shell.
    created_by uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, number),
    FOREIGN KEY (tenant_id, created_by) REFERENCES people (tenant_id, person_id)
);
SELECT guard.protect('approval_policies', 'SELECT, INSERT', '');

-- Who decides in whose place. A delegation is ended early by setting its end.
CREATE TABLE approval_delegations (
    delegation_id uuid PRIMARY KEY,
    tenant_id     uuid NOT NULL REFERENCES tenants,
    from_person   uuid NOT NULL,
    to_person     uuid NOT NULL,
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    CHECK (from_person <> to_person),
    FOREIGN KEY (tenant_id, from_person) REFERENCES people (tenant_id, person_id),
    FOREIGN KEY (tenant_id, to_person) REFERENCES people (tenant_id, person_id)
);
CREATE INDEX approval_delegations_end ON approval_delegations (tenant_id, ends_at);
SELECT guard.protect('approval_delegations', 'SELECT, INSERT, UPDATE', '');

-- Who has to approve, as the policy said when it was asked; none on requests from before there were policies.
ALTER TABLE approvals ADD COLUMN requirement json;
ALTER TABLE approvals ADD CONSTRAINT approvals_tenant UNIQUE (tenant_id, approval_id);

-- Append-only. Two votes that were judged on the same state have the same number: one of them fails. A person, and
-- the right of a person, counts once in a request.
CREATE TABLE approval_votes (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    approval_id uuid NOT NULL,
    number      int NOT NULL CHECK (number >= 0),
    stage       int NOT NULL CHECK (stage >= 0),
    seats       int[] NOT NULL,
    verdict     text NOT NULL CHECK (verdict IN ('approve', 'reject')),
    person_id   uuid NOT NULL,
    instead_of  uuid,
    at          timestamptz NOT NULL,
    comment     text,
    -- By which door the decision came in, e.g. slack and interactive, or web and api.
    channel     text NOT NULL,
    route       text NOT NULL,
    -- The card that the person decided on, and its SHA-256.
    shown       json,
    shown_hash  text,
    PRIMARY KEY (tenant_id, approval_id, number),
    FOREIGN KEY (tenant_id, approval_id) REFERENCES approvals (tenant_id, approval_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, person_id),
    FOREIGN KEY (tenant_id, instead_of) REFERENCES people (tenant_id, person_id)
);
CREATE UNIQUE INDEX approval_votes_once ON approval_votes (tenant_id, approval_id, person_id);
CREATE UNIQUE INDEX approval_votes_right_once
    ON approval_votes (tenant_id, approval_id, coalesce(instead_of, person_id));
SELECT guard.protect('approval_votes', 'SELECT, INSERT', '');
