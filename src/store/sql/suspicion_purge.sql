DELETE FROM suspicion WHERE verdict = 'innocent' AND reviewed_ms < $1
