-- A statement that ends one row by its key says `state = 'running'` too. That used to allow the planner to look for the
-- row in the index of everything leased, which on a busy day is full of entries that are long dead, instead of by the
-- key. An index on the lease alone still finds what ran out, and nobody mistakes it for a way to a row.
DROP INDEX steps_leased;
CREATE INDEX steps_leased ON steps (lease_until) WHERE lease_until IS NOT NULL;
DROP INDEX inbox_running;
CREATE INDEX inbox_leased ON inbox (lease_until) WHERE lease_until IS NOT NULL;
