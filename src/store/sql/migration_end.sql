UPDATE schema_migration SET state = 'applied' WHERE number = $1
