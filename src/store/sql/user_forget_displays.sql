UPDATE app_user SET display_name = NULL, display_key = NULL WHERE tenant_id = $1
