-- The clauses of every version, for the search over all contracts of a team.
--
-- Append-only, as versions are. No index over the words: `@@` is not leakproof, so row-level security forbids any index
-- scan by it. A team's own clauses are found by tenant and version and their word lists compared.

CREATE TABLE clauses (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    version_id uuid NOT NULL,
    -- From 0 in text order.
    position   int NOT NULL CHECK (position >= 0),
    -- Page of the first letter, from 1; byte offsets into the version's text.
    page       int NOT NULL CHECK (page > 0),
    start_at   int NOT NULL CHECK (start_at >= 0),
    end_at     int NOT NULL CHECK (end_at > start_at),
    heading    text NOT NULL,
    body       text NOT NULL,
    words      tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('english', heading), 'A') || setweight(to_tsvector('english', body), 'B')) STORED,
    PRIMARY KEY (tenant_id, version_id, position),
    FOREIGN KEY (tenant_id, version_id) REFERENCES versions (tenant_id, version_id)
);
SELECT guard.protect('clauses', 'SELECT, INSERT', '');
