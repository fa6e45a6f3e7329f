-- A request that was withdrawn, or whose subject changed: when, why, and by whom if by a person.
ALTER TABLE approvals
    ADD COLUMN voided_at   timestamptz,
    ADD COLUMN voided_by   uuid,
    ADD COLUMN void_reason text,
    ADD FOREIGN KEY (tenant_id, voided_by) REFERENCES people (tenant_id, person_id);
