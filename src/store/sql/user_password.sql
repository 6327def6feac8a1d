SELECT password FROM app_user WHERE id = $1
