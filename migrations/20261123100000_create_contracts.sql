-- Documents and their versions, what was read in them, playbooks, what people are to look at.

CREATE TABLE documents (
    document_id uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    deal_id     uuid,
    name        text NOT NULL,
    created_by  uuid NOT NULL,
    created_at  timestamptz NOT NULL,
    UNIQUE (tenant_id, document_id),
    FOREIGN KEY (tenant_id, deal_id) REFERENCES deals (tenant_id, deal_id),
    FOREIGN KEY (tenant_id, created_by) REFERENCES people (tenant_id, person_id)
);
CREATE INDEX documents_of_deal ON documents (tenant_id, deal_id, created_at DESC);
SELECT guard.protect('documents', 'SELECT, INSERT, UPDATE', '');

-- Append-only. The original's bytes stand in the object store under their SHA-256.
CREATE TABLE versions (
    version_id  uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    document_id uuid NOT NULL,
    number      int NOT NULL CHECK (number > 0),
    parent_id   uuid,
    sha256      text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    bytes       bigint NOT NULL CHECK (bytes > 0),
    file_name   text NOT NULL,
    kind        text NOT NULL,
    author_id   uuid NOT NULL,
    plan_id     uuid NOT NULL REFERENCES plans,
    created_at  timestamptz NOT NULL,
    -- The text with its pages and word boxes as the reader left it, and what it could not read.
    text        json NOT NULL,
    notes       text[] NOT NULL DEFAULT '{}',
    UNIQUE (tenant_id, version_id),
    UNIQUE (tenant_id, document_id, number),
    FOREIGN KEY (tenant_id, document_id) REFERENCES documents (tenant_id, document_id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES versions (tenant_id, version_id),
    FOREIGN KEY (tenant_id, author_id) REFERENCES people (tenant_id, person_id)
);
CREATE INDEX versions_by_content ON versions (tenant_id, sha256);
SELECT guard.protect('versions', 'SELECT, INSERT', '');

-- Append-only: a contract under review keeps the playbook it began with. Number 0 is the built-in one.
CREATE TABLE playbooks (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    number     int NOT NULL CHECK (number > 0),
    positions  json NOT NULL,
    note       text NOT NULL DEFAULT '',
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, number),
    FOREIGN KEY (tenant_id, created_by) REFERENCES people (tenant_id, person_id)
);
SELECT guard.protect('playbooks', 'SELECT, INSERT', '');

CREATE TABLE analyses (
    analysis_id uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    version_id  uuid NOT NULL,
    plan_id     uuid NOT NULL REFERENCES plans,
    playbook    int NOT NULL CHECK (playbook >= 0),
    is_partial  boolean NOT NULL,
    created_at  timestamptz NOT NULL,
    UNIQUE (tenant_id, analysis_id),
    FOREIGN KEY (tenant_id, version_id) REFERENCES versions (tenant_id, version_id)
);
CREATE INDEX analyses_of_version ON analyses (tenant_id, version_id, created_at DESC);
SELECT guard.protect('analyses', 'SELECT, INSERT', '');

CREATE TABLE extractions (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    analysis_id uuid NOT NULL,
    row         int NOT NULL,
    term        text NOT NULL,
    state       text NOT NULL CHECK (state IN ('stated', 'absent', 'review')),
    value       json,
    quote       json,
    confidence  real NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    reason      text NOT NULL,
    PRIMARY KEY (tenant_id, analysis_id, row),
    -- No quote, no value.
    CHECK (value IS NULL OR quote IS NOT NULL),
    FOREIGN KEY (tenant_id, analysis_id) REFERENCES analyses (tenant_id, analysis_id)
);
SELECT guard.protect('extractions', 'SELECT, INSERT', '');

CREATE TABLE findings (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    analysis_id uuid NOT NULL,
    row         int NOT NULL,
    term        text NOT NULL,
    family      text NOT NULL,
    verdict     text NOT NULL,
    severity    smallint NOT NULL CHECK (severity BETWEEN 0 AND 100),
    side        text NOT NULL,
    reason      text NOT NULL,
    quote       json,
    PRIMARY KEY (tenant_id, analysis_id, row),
    FOREIGN KEY (tenant_id, analysis_id) REFERENCES analyses (tenant_id, analysis_id)
);
SELECT guard.protect('findings', 'SELECT, INSERT', '');

-- What a person is to look at: one term of one analysis.
CREATE TABLE review_items (
    review_id   uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    analysis_id uuid NOT NULL,
    row         int NOT NULL,
    term        text NOT NULL,
    reason      text NOT NULL,
    confidence  real NOT NULL,
    opened_at   timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    claimed_by  uuid,
    claimed_at  timestamptz,
    UNIQUE (tenant_id, review_id),
    UNIQUE (tenant_id, analysis_id, term),
    FOREIGN KEY (tenant_id, analysis_id) REFERENCES analyses (tenant_id, analysis_id),
    FOREIGN KEY (tenant_id, claimed_by) REFERENCES people (tenant_id, person_id)
);
CREATE INDEX review_items_oldest ON review_items (tenant_id, opened_at);
SELECT guard.protect('review_items', 'SELECT, INSERT, UPDATE', '');

-- Append-only: what people said a term is, which answers review items and trains later models.
CREATE TABLE answers (
    answer_id   uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    analysis_id uuid NOT NULL,
    term        text NOT NULL,
    -- 'stated' with a value and a place, or 'absent'.
    state       text NOT NULL CHECK (state IN ('stated', 'absent')),
    value       json,
    quote       json,
    person_id   uuid NOT NULL,
    at          timestamptz NOT NULL,
    FOREIGN KEY (tenant_id, analysis_id) REFERENCES analyses (tenant_id, analysis_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, person_id)
);
CREATE INDEX answers_of_analysis ON answers (tenant_id, analysis_id, term, at DESC);
SELECT guard.protect('answers', 'SELECT, INSERT', '');

-- Append-only: which versions were accepted, as they had been read.
CREATE TABLE acceptances (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    version_id  uuid NOT NULL,
    analysis_id uuid NOT NULL,
    plan_id     uuid NOT NULL REFERENCES plans,
    accepted_by uuid NOT NULL,
    accepted_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, version_id),
    FOREIGN KEY (tenant_id, version_id) REFERENCES versions (tenant_id, version_id),
    FOREIGN KEY (tenant_id, analysis_id) REFERENCES analyses (tenant_id, analysis_id),
    FOREIGN KEY (tenant_id, accepted_by) REFERENCES people (tenant_id, person_id)
);
SELECT guard.protect('acceptances', 'SELECT, INSERT', '');
