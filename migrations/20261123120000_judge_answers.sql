-- A person's word on a term is judged too: how it stands under the playbook of its analysis.

ALTER TABLE answers ADD COLUMN finding json;
