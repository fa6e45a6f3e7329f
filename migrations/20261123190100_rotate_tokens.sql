-- Tokens of workspaces that expire: with what they are renewed, sealed as they are, and who renews one at the moment.
ALTER TABLE workspaces
    ADD COLUMN refresh_token    bytea,
    ADD COLUMN token_expires_at timestamptz,
    ADD COLUMN renewing_until   timestamptz;
