-- What follows when nobody decides on a request, and sending one back for changes.

-- A reminder to a person that a request waits: each of a stage's reminders at most once. Append-only.
CREATE TABLE approval_reminders (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    approval_id uuid NOT NULL,
    person_id   uuid NOT NULL,
    stage       int NOT NULL CHECK (stage >= 0),
    -- Which of the stage's reminders, from 1.
    number      int NOT NULL CHECK (number > 0),
    at          timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, approval_id, person_id, stage, number),
    FOREIGN KEY (tenant_id, approval_id) REFERENCES approvals (tenant_id, approval_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, person_id)
);
SELECT guard.protect('approval_reminders', 'SELECT, INSERT', '');

-- Who is asked as well in a stage, since nobody decided in time. Append-only; each stage is escalated once.
CREATE TABLE approval_escalations (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    approval_id uuid NOT NULL,
    stage       int NOT NULL CHECK (stage >= 0),
    people      uuid[] NOT NULL CHECK (cardinality(people) > 0),
    at          timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, approval_id, stage),
    FOREIGN KEY (tenant_id, approval_id) REFERENCES approvals (tenant_id, approval_id)
);
SELECT guard.protect('approval_escalations', 'SELECT, INSERT', '');

ALTER TABLE approval_votes DROP CONSTRAINT approval_votes_verdict_check;
ALTER TABLE approval_votes ADD CHECK (verdict IN ('approve', 'reject', 'send_back'));
ALTER TABLE approvals DROP CONSTRAINT approvals_state_check;
ALTER TABLE approvals ADD CHECK (state IN ('open', 'approved', 'rejected', 'returned', 'expired', 'void'));
