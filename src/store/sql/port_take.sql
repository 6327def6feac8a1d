INSERT INTO port (port, instance_id) VALUES ($1, $2)
