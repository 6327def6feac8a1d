DELETE FROM health WHERE at_ms < $1
