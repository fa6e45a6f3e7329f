-- Calls of language models, what they cost, what may be spent, and answers that need not be asked for again.
-- Money is in micro-dollars (1 USD = 1 000 000), whole numbers only.

-- A row stands here before its call is sent. Its first half never changes; the second half is written once it ended.
CREATE TABLE llm_calls (
    call_id        uuid PRIMARY KEY,
    tenant_id      uuid NOT NULL REFERENCES tenants,
    person_id      uuid NOT NULL,
    plan_id        uuid REFERENCES plans,
    purpose        text NOT NULL,
    provider       text NOT NULL,
    model          text NOT NULL,
    region         text NOT NULL,
    prompt_name    text NOT NULL,
    prompt_version int NOT NULL,
    -- What was sent, after redaction.
    prompt_sha256  text NOT NULL CHECK (prompt_sha256 ~ '^[0-9a-f]{64}$'),
    prompt         text NOT NULL,
    -- 0 for the first provider that was asked, 1 for the next …
    hop            smallint NOT NULL,
    reserved_micro bigint NOT NULL CHECK (reserved_micro >= 0),
    month          date NOT NULL,
    day            date NOT NULL,
    created_at     timestamptz NOT NULL,
    -- refused: never sent; cached: never sent, an earlier answer stood in.
    state          text NOT NULL CHECK (state IN ('sent', 'done', 'failed', 'refused', 'cached')),
    input_tokens   bigint,
    output_tokens  bigint,
    cost_micro     bigint CHECK (cost_micro >= 0),
    -- What came back of a call that broke off; nothing is done with it.
    draft          text,
    error          text,
    finished_at    timestamptz,
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, person_id)
);
CREATE INDEX llm_calls_recent ON llm_calls (tenant_id, created_at DESC);
CREATE INDEX llm_calls_of_plan ON llm_calls (plan_id);
CREATE INDEX llm_calls_open ON llm_calls (tenant_id, created_at) WHERE state = 'sent';
SELECT guard.protect('llm_calls',
    'SELECT, INSERT, UPDATE (state, input_tokens, output_tokens, cost_micro, draft, error, finished_at)', '');

-- What was spent and is held for calls under way: per team and month, per person and day, per plan.
CREATE TABLE llm_spend (
    tenant_id      uuid NOT NULL REFERENCES tenants,
    scope          text NOT NULL CHECK (scope IN ('tenant', 'person', 'plan')),
    subject        uuid NOT NULL,
    period         date NOT NULL,
    spent_micro    bigint NOT NULL DEFAULT 0 CHECK (spent_micro >= 0),
    reserved_micro bigint NOT NULL DEFAULT 0 CHECK (reserved_micro >= 0),
    -- The limit that the last reservation was held against.
    cap_micro      bigint NOT NULL,
    alerted_at     timestamptz,
    PRIMARY KEY (tenant_id, scope, subject, period)
);
SELECT guard.protect('llm_spend', 'SELECT, INSERT, UPDATE', '');

CREATE TABLE llm_cache (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    -- SHA-256 over tenant, provider, model, prompt with its version, schema and redacted input.
    key        bytea NOT NULL,
    call_id    uuid NOT NULL REFERENCES llm_calls,
    answer     text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
SELECT guard.protect('llm_cache', 'SELECT, INSERT, UPDATE, DELETE', '');

-- A tenant's own rules; what is null follows the installation's settings.
CREATE TABLE llm_rules (
    tenant_id        uuid PRIMARY KEY REFERENCES tenants,
    -- Providers that may be asked, each as provider or provider:region, or *:region.
    allowed          text[],
    month_micro      bigint CHECK (month_micro >= 0),
    person_day_micro bigint CHECK (person_day_micro >= 0),
    updated_at       timestamptz NOT NULL DEFAULT now()
);
SELECT guard.protect('llm_rules', 'SELECT, INSERT, UPDATE', '');
