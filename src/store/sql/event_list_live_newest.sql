-- What a live stream tells of, of one tenant, along event_live.
SELECT seq, at_ms, tenant_id, action, actor_kind, actor_id, account_kind, account_id,
       challenge_id, lease_id, request_id, detail, hash
FROM event
WHERE tenant_id = $3 AND seq > $1 AND seq < $2
  AND action IN ('announced', 'award_removed', 'awarded', 'challenge_changed', 'game_changed',
                 'game_reset', 'hint_unlocked', 'name_changed', 'solved', 'team_changed', 'unsolved',
                 'user_changed')
  AND (challenge_id = $6 OR $6 = 0)
  AND (action = $8 OR $8 = '')
  AND at_ms >= $9 AND at_ms < $10
  AND ((account_kind = $4 AND account_id = $5) OR $5 = 0)
  AND (lease_id = $7 OR $7 = '')
ORDER BY seq DESC
LIMIT $11
