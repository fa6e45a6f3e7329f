-- Mail from somebody who proved her address but is no member: an admin lets her in, or drops what she wrote.

ALTER TABLE inbox ADD COLUMN stranger text CHECK (stranger = lower(stranger)),
    ADD COLUMN stranger_name text;
