-- What a team does about what its guardrail finds: each change is a new number; none kept: what no rule goes below.
CREATE TABLE screening_rules (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    number     int NOT NULL CHECK (number > 0),
    rules      json NOT NULL,
    note       text NOT NULL DEFAULT '',
    -- None: somebody at the shell.
    created_by uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, number),
    FOREIGN KEY (tenant_id, created_by) REFERENCES people (tenant_id, person_id)
);
SELECT guard.protect('screening_rules', 'SELECT, INSERT', '');

-- A request that waits until somebody looked at what it holds. One row a step; decided once.
CREATE TABLE holds (
    step_id    uuid PRIMARY KEY,
    tenant_id  uuid NOT NULL REFERENCES tenants,
    plan_id    uuid NOT NULL REFERENCES plans,
    person_id  uuid NOT NULL,
    kinds      text[] NOT NULL CHECK (cardinality(kinds) > 0),
    -- What was said, without what was found.
    shown      text NOT NULL,
    held_at    timestamptz NOT NULL,
    -- held, released, dropped, or lapsed when nobody looked in time
    state      text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'released', 'dropped', 'lapsed')),
    decided_by uuid,
    decided_at timestamptz,
    -- Nobody releases what she wrote herself.
    CHECK (decided_by IS DISTINCT FROM person_id OR state <> 'released'),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, person_id),
    FOREIGN KEY (tenant_id, decided_by) REFERENCES people (tenant_id, person_id)
);
CREATE INDEX holds_open ON holds (tenant_id, held_at) WHERE state = 'held';
SELECT guard.protect('holds', 'SELECT, INSERT, UPDATE', '');

-- What somebody who looks after security would want to know of. The same matter of the same request is one row.
CREATE TABLE security_events (
    event_id   uuid PRIMARY KEY,
    tenant_id  uuid NOT NULL REFERENCES tenants,
    at         timestamptz NOT NULL,
    kind       text NOT NULL,
    severity   text NOT NULL CHECK (severity IN ('notice', 'warning')),
    -- What it is about, e.g. plan:…
    subject    text NOT NULL,
    person_id  uuid,
    detail     jsonb NOT NULL,
    -- When admins were told of it; of what comes in heaps only the first of an hour is told.
    told_at    timestamptz,
    UNIQUE (tenant_id, subject, kind),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, person_id)
);
CREATE INDEX security_events_by_time ON security_events (tenant_id, at DESC);
SELECT guard.protect('security_events', 'SELECT, INSERT, UPDATE', '');
