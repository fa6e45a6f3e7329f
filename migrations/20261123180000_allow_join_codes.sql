-- A code by which a person makes herself known on another channel: once, within minutes.

ALTER TABLE credentials DROP CONSTRAINT credentials_kind_check,
    ADD CONSTRAINT credentials_kind_check CHECK (kind IN ('link', 'session', 'token', 'code'));
