SELECT account_kind, account_id, challenge_id, tenant_id, count(*)
FROM submission WHERE result = 'incorrect'
GROUP BY account_kind, account_id, challenge_id, tenant_id
