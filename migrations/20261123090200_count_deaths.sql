-- How many workers died over a message. Tries while a channel is away do not count towards giving it up.
ALTER TABLE inbox ADD COLUMN deaths int NOT NULL DEFAULT 0;
