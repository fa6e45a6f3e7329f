-- As with steps and messages in: the index of leases finds what ran out, and is never taken for a way to one row.
DROP INDEX outbox_leased;
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE lease_until IS NOT NULL;
