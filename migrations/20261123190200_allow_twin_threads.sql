-- Somebody may press a button on the first message of a thread before we know that message's number. The press then begins
-- a conversation in that thread, and the one that the thread belongs to becomes its twin: both go on in the thread, and
-- what is said there later belongs to the other one.
ALTER TABLE conversations ADD COLUMN is_twin boolean NOT NULL DEFAULT false;
DROP INDEX conversations_thread;
CREATE UNIQUE INDEX conversations_thread ON conversations (tenant_id, channel, workspace, room, thread)
    WHERE thread IS NOT NULL AND NOT is_twin;
