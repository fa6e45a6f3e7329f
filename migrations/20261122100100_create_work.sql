-- Inbox, conversations, plans, steps, approvals, messages, outbox.

-- Every message in, before it is acknowledged. The tenant is not known until the workspace is.
CREATE TABLE inbox (
    inbound_id  uuid PRIMARY KEY,
    tenant_id   uuid REFERENCES tenants,
    channel     text NOT NULL,
    route       text NOT NULL,
    workspace   text,
    event_key   text,
    natural_key text,
    is_urgent   boolean NOT NULL DEFAULT false,
    body        bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    state       text NOT NULL DEFAULT 'new'
                CHECK (state IN ('new', 'running', 'done', 'ignored', 'unparsable', 'failed')),
    run_at      timestamptz NOT NULL DEFAULT now(),
    attempt     int NOT NULL DEFAULT 0,
    fence       bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    error       text
);
CREATE UNIQUE INDEX inbox_event ON inbox (event_key) WHERE event_key IS NOT NULL;
CREATE UNIQUE INDEX inbox_natural ON inbox (natural_key) WHERE natural_key IS NOT NULL;
CREATE INDEX inbox_new ON inbox (is_urgent DESC, run_at) WHERE state = 'new';
CREATE INDEX inbox_running ON inbox (lease_until) WHERE state = 'running';
CREATE INDEX inbox_odd ON inbox (received_at) WHERE state IN ('unparsable', 'failed');
SELECT guard.protect('inbox', 'SELECT, UPDATE', 'SELECT, INSERT, UPDATE');

-- A thread on a channel.
CREATE TABLE conversations (
    conversation_id uuid PRIMARY KEY,
    tenant_id       uuid NOT NULL REFERENCES tenants,
    channel         text NOT NULL,
    workspace       text NOT NULL,
    room            text NOT NULL,
    thread          text,
    person_id       uuid NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, person_id)
);
CREATE UNIQUE INDEX conversations_thread ON conversations (tenant_id, channel, workspace, room, thread)
    WHERE thread IS NOT NULL;
CREATE INDEX conversations_person ON conversations (tenant_id, person_id, created_at);
SELECT guard.protect('conversations', 'SELECT, INSERT, UPDATE', 'SELECT, UPDATE');

CREATE TABLE plans (
    plan_id         uuid PRIMARY KEY,
    tenant_id       uuid NOT NULL REFERENCES tenants,
    conversation_id uuid NOT NULL REFERENCES conversations,
    requester_id    uuid NOT NULL,
    intent          jsonb NOT NULL,
    said            text NOT NULL DEFAULT '',
    state           text NOT NULL CHECK (state IN ('running', 'waiting', 'done', 'failed', 'cancelled')),
    error           text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz,
    FOREIGN KEY (tenant_id, requester_id) REFERENCES people (tenant_id, person_id)
);
CREATE INDEX plans_recent ON plans (tenant_id, created_at DESC);
SELECT guard.protect('plans', 'SELECT, INSERT, UPDATE', 'SELECT');

CREATE TABLE steps (
    step_id     uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    plan_id     uuid NOT NULL REFERENCES plans,
    position    int NOT NULL,
    agent       text NOT NULL,
    action      text NOT NULL,
    input       jsonb NOT NULL,
    after       int[] NOT NULL,
    pending     int NOT NULL,
    state       text NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'done', 'failed', 'cancelled')),
    run_at      timestamptz,
    attempt     int NOT NULL DEFAULT 0,
    fence       bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    worker      text,
    signal      jsonb,
    output      jsonb,
    error       text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    finished_at timestamptz,
    UNIQUE (plan_id, position)
);
-- Ordered by tenant, so that workers take turns between tenants by walking it.
CREATE INDEX steps_ready ON steps (tenant_id, run_at) WHERE state = 'queued' AND pending = 0;
CREATE INDEX steps_leased ON steps (lease_until) WHERE state = 'running';
CREATE INDEX steps_timed ON steps (run_at) WHERE state = 'waiting' AND run_at IS NOT NULL;
SELECT guard.protect('steps', 'SELECT, INSERT, UPDATE', 'SELECT, UPDATE');

CREATE TABLE approvals (
    approval_id  uuid PRIMARY KEY,
    tenant_id    uuid NOT NULL REFERENCES tenants,
    plan_id      uuid NOT NULL REFERENCES plans,
    step_id      uuid NOT NULL REFERENCES steps,
    subject      text NOT NULL,
    payload      json NOT NULL,
    payload_hash text NOT NULL,
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    state        text NOT NULL CHECK (state IN ('open', 'approved', 'rejected', 'expired', 'void')),
    verdict      text,
    decided_by   uuid,
    decided_at   timestamptz,
    comment      text,
    FOREIGN KEY (tenant_id, requested_by) REFERENCES people (tenant_id, person_id),
    FOREIGN KEY (tenant_id, decided_by) REFERENCES people (tenant_id, person_id),
    CHECK ((decided_by IS NULL) = (verdict IS NULL))
);
CREATE INDEX approvals_open ON approvals (tenant_id, requested_at) WHERE state = 'open';
SELECT guard.protect('approvals', 'SELECT, INSERT, UPDATE', '');

-- One message of ours that can be edited. `html` is what the console shows.
CREATE TABLE messages (
    message_id  uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    plan_id     uuid NOT NULL REFERENCES plans,
    slot        text NOT NULL,
    channel     text NOT NULL,
    workspace   text NOT NULL,
    room        text,
    thread      text,
    -- Set when only this person is meant to see it.
    person_id   uuid,
    is_fleeting boolean NOT NULL DEFAULT false,
    approval_id uuid REFERENCES approvals,
    -- The key the first send carries, by which it is found again.
    post_key    text NOT NULL,
    -- True once a first send may have reached the provider: look it up before sending again.
    is_unsure   boolean NOT NULL DEFAULT false,
    external_id text,
    card        jsonb NOT NULL,
    html        text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, person_id)
);
CREATE UNIQUE INDEX messages_slot ON messages
    (plan_id, slot, channel, coalesce(person_id, '00000000-0000-0000-0000-000000000000'));
CREATE INDEX messages_approval ON messages (tenant_id, approval_id) WHERE approval_id IS NOT NULL;
CREATE INDEX messages_room ON messages (tenant_id, channel, room, created_at);
SELECT guard.protect('messages', 'SELECT, INSERT, UPDATE', 'SELECT, UPDATE');

-- Sends and edits to be done, each once.
CREATE TABLE outbox (
    outbox_id   uuid PRIMARY KEY,
    seq         bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    plan_id     uuid NOT NULL,
    message_id  uuid NOT NULL REFERENCES messages,
    effect_key  text NOT NULL,
    urgency     smallint NOT NULL,
    card        jsonb NOT NULL,
    state       text NOT NULL DEFAULT 'queued'
                CHECK (state IN ('queued', 'sending', 'sent', 'superseded', 'failed')),
    run_at      timestamptz NOT NULL DEFAULT now(),
    attempt     int NOT NULL DEFAULT 0,
    fence       bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    error       text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    UNIQUE (tenant_id, effect_key)
);
CREATE INDEX outbox_ready ON outbox (urgency, seq) WHERE state = 'queued';
CREATE INDEX outbox_of_message ON outbox (message_id) WHERE state = 'queued';
CREATE UNIQUE INDEX outbox_one_at_a_time ON outbox (message_id) WHERE state = 'sending';
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state = 'sending';
SELECT guard.protect('outbox', 'SELECT, INSERT', 'SELECT, UPDATE');
GRANT USAGE ON SEQUENCE outbox_seq_seq TO dealdesk_app;

-- Answers given to interface calls that carried an idempotency key.
CREATE TABLE idempotency (
    tenant_id    uuid NOT NULL REFERENCES tenants,
    person_id    uuid NOT NULL,
    key          text NOT NULL,
    request_hash bytea NOT NULL,
    inbound_id   uuid NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, person_id, key)
);
SELECT guard.protect('idempotency', 'SELECT, INSERT, DELETE', '');
