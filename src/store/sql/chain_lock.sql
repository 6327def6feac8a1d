-- An update, as SQLite has no FOR UPDATE: on PostgreSQL it takes the row lock.
UPDATE chain SET seq = seq WHERE id = 1 RETURNING seq, hash
