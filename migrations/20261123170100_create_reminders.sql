-- A reminder that the last day for a notice comes near: at most one for each stage of each such day. Its plan says it in
-- the thread in which the contract was accepted.
CREATE TABLE reminders (
    tenant_id       uuid NOT NULL REFERENCES tenants,
    version_id      uuid NOT NULL,
    notice_by       date NOT NULL,
    -- 90, 30 or 7: the stage, not the days that were left.
    days_before     smallint NOT NULL,
    plan_id         uuid NOT NULL REFERENCES plans,
    reminded_at     timestamptz NOT NULL,
    acknowledged_by uuid,
    acknowledged_at timestamptz,
    PRIMARY KEY (tenant_id, version_id, notice_by, days_before),
    UNIQUE (tenant_id, plan_id),
    FOREIGN KEY (tenant_id, version_id) REFERENCES versions (tenant_id, version_id),
    FOREIGN KEY (tenant_id, acknowledged_by) REFERENCES people (tenant_id, person_id)
);
SELECT guard.protect('reminders', 'SELECT, INSERT, UPDATE', '');
