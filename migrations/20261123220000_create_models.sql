-- Features over time, versions of models, what points at which version, what was shown, what people said of it.

-- Append-only. A value holds from `event_at` until the next row; `created_at` is when we learnt it. A join as of a
-- time looks at both, so that a late row does not leak into the past. A null value: known to be missing from then on.
CREATE TABLE features (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    -- The company's key in the directory.
    entity     text NOT NULL,
    feature    text NOT NULL,
    value      double precision CHECK (value BETWEEN -1e15 AND 1e15),
    event_at   timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, entity, feature, event_at, created_at)
);
SELECT guard.protect('features', 'SELECT, INSERT', '');

-- Immutable: the application may neither change nor delete one.
CREATE TABLE model_versions (
    tenant_id     uuid NOT NULL REFERENCES tenants,
    model         text NOT NULL,
    version       text NOT NULL CHECK (version ~ '^[0-9]+[.][0-9]+[.][0-9]+$'),
    content       bytea NOT NULL,
    sha256        text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    schema        text NOT NULL,
    trained_from  timestamptz NOT NULL,
    trained_until timestamptz NOT NULL,
    dataset       text NOT NULL,
    seed          bigint NOT NULL,
    metrics       json NOT NULL,
    card          text NOT NULL,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, model, version)
);
SELECT guard.protect('model_versions', 'SELECT, INSERT', '');

-- Append-only: the newest move of an alias is where it points. A null version is what comes with the program.
CREATE TABLE model_moves (
    tenant_id uuid NOT NULL REFERENCES tenants,
    model     text NOT NULL,
    alias     text NOT NULL CHECK (alias IN ('champion', 'challenger', 'shadow')),
    seq       int NOT NULL CHECK (seq > 0),
    version   text,
    -- Per cent of tenants that the challenger serves.
    share     smallint NOT NULL DEFAULT 0 CHECK (share BETWEEN 0 AND 100),
    reason    text NOT NULL,
    moved_by  text NOT NULL,
    moved_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, model, alias, seq),
    FOREIGN KEY (tenant_id, model, version) REFERENCES model_versions (tenant_id, model, version)
);
SELECT guard.protect('model_moves', 'SELECT, INSERT', '');

-- Append-only: each company on each first page, with the chance it had of standing there.
CREATE TABLE impressions (
    tenant_id      uuid NOT NULL REFERENCES tenants,
    plan_id        uuid NOT NULL REFERENCES plans,
    company_id     text NOT NULL,
    name           text NOT NULL,
    position       int NOT NULL CHECK (position > 0),
    fit            smallint NOT NULL CHECK (fit BETWEEN 0 AND 100),
    -- The fit by the stated rules, which is an input of every later model.
    rule_fit       smallint NOT NULL CHECK (rule_fit BETWEEN 0 AND 100),
    scored_by      text NOT NULL,
    reasons        json NOT NULL,
    propensity     real NOT NULL CHECK (propensity > 0 AND propensity <= 1),
    is_exploration boolean NOT NULL,
    shadow_by      text,
    shadow_fit     smallint CHECK (shadow_fit BETWEEN 0 AND 100),
    shown_to       uuid NOT NULL,
    shown_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, plan_id, company_id),
    FOREIGN KEY (tenant_id, shown_to) REFERENCES people (tenant_id, person_id)
);
CREATE INDEX impressions_company ON impressions (tenant_id, company_id, shown_at DESC);
CREATE INDEX impressions_recent ON impressions (tenant_id, shown_at);
SELECT guard.protect('impressions', 'SELECT, INSERT', '');

-- Append-only: what people's decisions and corrections say, each with where it comes from.
CREATE TABLE labels (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    -- What the label is about: fit of a company, a term of a contract, the outcome of a deal.
    kind       text NOT NULL CHECK (kind IN ('fit', 'term', 'outcome')),
    source     text NOT NULL CHECK (source IN ('approval', 'feedback', 'correction', 'review', 'stage')),
    -- The row it was read from.
    source_id  text NOT NULL,
    -- A company's key, a term, or a deal's key.
    entity     text NOT NULL,
    value      real NOT NULL CHECK (value BETWEEN 0 AND 1),
    reason     text NOT NULL DEFAULT '',
    -- The search that showed the company.
    plan_id    uuid,
    person_id  uuid,
    at         timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, kind, source, source_id, entity),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, person_id)
);
CREATE INDEX labels_recent ON labels (tenant_id, kind, at);
SELECT guard.protect('labels', 'SELECT, INSERT', '');

-- Append-only: the cases a version was trained on, under the hash of their content.
CREATE TABLE datasets (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    dataset    text NOT NULL,
    model      text NOT NULL,
    cases      int NOT NULL,
    content    json NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, dataset)
);
SELECT guard.protect('datasets', 'SELECT, INSERT', '');

-- Append-only: jobs of the learning loop, when they ran and what came of it.
CREATE TABLE learning_runs (
    tenant_id uuid NOT NULL REFERENCES tenants,
    job       text NOT NULL CHECK (job IN ('features', 'training', 'evaluation')),
    model     text NOT NULL DEFAULT '',
    at        timestamptz NOT NULL,
    outcome   json NOT NULL,
    PRIMARY KEY (tenant_id, job, model, at)
);
SELECT guard.protect('learning_runs', 'SELECT, INSERT', '');
