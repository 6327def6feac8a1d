DELETE FROM port WHERE instance_id = $1
