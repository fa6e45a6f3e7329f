-- Mails that came and went, by their numbers: how an answer finds its thread. And how far each mailbox was read.

CREATE TABLE mails (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    -- The number a mail carries, without angle brackets.
    message_id text NOT NULL,
    -- The number of the thread's first mail.
    thread     text NOT NULL,
    -- The subject without what answering puts before it, lower case.
    subject    text NOT NULL,
    -- The subject as it was written.
    title      text NOT NULL,
    is_ours    boolean NOT NULL,
    seen_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, message_id)
);
CREATE INDEX mails_thread ON mails (tenant_id, thread, seen_at);
SELECT guard.protect('mails', 'SELECT, INSERT', '');

CREATE TABLE mailboxes (
    tenant_id    uuid NOT NULL REFERENCES tenants,
    mailbox      text NOT NULL,
    -- The server's number for this numbering of mails; when it changes, the mailbox is read from its beginning.
    uid_validity bigint NOT NULL,
    uid          bigint NOT NULL,
    PRIMARY KEY (tenant_id, mailbox)
);
SELECT guard.protect('mailboxes', 'SELECT, INSERT, UPDATE', '');
