-- A conversation whose room we may not write in goes on in private with whoever began it.

-- The room where it began, once it moved; it moves once.
ALTER TABLE conversations ADD COLUMN moved_from text;
