DELETE FROM port WHERE port = $1
