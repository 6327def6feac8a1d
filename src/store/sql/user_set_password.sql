UPDATE app_user SET password = $2 WHERE id = $1 RETURNING id
