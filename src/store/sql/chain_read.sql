SELECT seq, hash FROM chain WHERE id = 1
