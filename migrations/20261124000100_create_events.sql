-- What happened, as others are told. `seq` is the place of the change's audit entry: events of a tenant are read in the
-- order they committed, and none appears behind a reader.
CREATE TABLE events (
    tenant_id uuid NOT NULL REFERENCES tenants,
    seq       bigint NOT NULL,
    event_id  uuid NOT NULL,
    kind      text NOT NULL,
    version   smallint NOT NULL,
    subject   text NOT NULL,
    deal_id   uuid,
    at        timestamptz NOT NULL,
    data      jsonb NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX events_of_deal ON events (tenant_id, deal_id, seq) WHERE deal_id IS NOT NULL;
SELECT guard.protect('events', 'SELECT, INSERT', '');
CREATE POLICY system ON events FOR SELECT TO dealdesk_system USING (true);
GRANT SELECT (tenant_id, seq) ON events TO dealdesk_system;

-- Who is told, and how far: a customer's own address, the stream, or a room of a channel.
CREATE TABLE subscriptions (
    tenant_id       uuid NOT NULL REFERENCES tenants,
    subscription_id uuid NOT NULL,
    way             text NOT NULL CHECK (way IN ('webhook', 'stream', 'room')),
    -- Where to: the address of a webhook, the name of a stream, or `channel/workspace/room`.
    target          text NOT NULL,
    -- Which kinds; all when there are none.
    kinds           text[] NOT NULL DEFAULT '{}',
    -- Of deals that move, a room is told of those to this stage.
    stage           text,
    -- When a room is told next; at once when there is none.
    due_at          timestamptz,
    -- What signs a webhook's deliveries, sealed.
    secret          bytea,
    -- The last event that was handed on.
    seq             bigint NOT NULL DEFAULT 0,
    -- Counts replays: events told again are told under a new key.
    round           int NOT NULL DEFAULT 0,
    state           text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'dead')),
    failing_since   timestamptz,
    last_ok_at      timestamptz,
    last_error      text,
    created_by      uuid,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, subscription_id),
    UNIQUE (tenant_id, way, target)
);
SELECT guard.protect('subscriptions', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT');
