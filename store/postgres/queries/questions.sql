-- name: QuestionGet :many
-- QuestionGet reads what was asked about an instance: one row, or none.
SELECT seller, instance_id, endpoint, task_id, state, asked_at, until_at FROM questions
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id);

-- name: QuestionLock :exec
-- QuestionLock keeps the questions of an endpoint for one transaction, so that each is asked once and no more are open than may be.
SELECT pg_advisory_xact_lock(53, hashtext(sqlc.arg(seller)::TEXT || chr(31) || sqlc.arg(endpoint)::TEXT));

-- name: QuestionInstanceLock :exec
-- QuestionInstanceLock does the same for an instance, which calls at two endpoints may name.
SELECT pg_advisory_xact_lock(53, hashtext(sqlc.arg(seller)::TEXT || chr(30) || sqlc.arg(instance_id)::TEXT));

-- name: QuestionKnown :many
-- QuestionKnown tells why nobody is to be asked about an instance: it is here, or a restore has left a gap.
SELECT 'INSTANCE' AS why FROM instances AS i WHERE i.seller = sqlc.arg(seller) AND i.instance_id = sqlc.arg(instance_id)
UNION ALL
SELECT 'GAP' AS why FROM gaps AS g WHERE g.seller = sqlc.arg(seller) AND g.closed_at = 0;

-- name: QuestionsOpen :one
-- QuestionsOpen counts the questions of an endpoint that wait for an answer.
SELECT count(*) FROM questions
WHERE seller = sqlc.arg(seller) AND endpoint = sqlc.arg(endpoint) AND state = 'OPEN' AND until_at > sqlc.arg(now);

-- name: QuestionsOver :many
-- QuestionsOver reads questions of an endpoint whose time is over.
SELECT seller, instance_id, endpoint, task_id, state, asked_at, until_at FROM questions
WHERE seller = sqlc.arg(seller) AND endpoint = sqlc.arg(endpoint) AND state IN ('OPEN', 'UNKNOWN', 'FAILED') AND until_at <= sqlc.arg(now)
LIMIT sqlc.arg(max)::BIGINT;

-- name: QuestionPut :exec
-- QuestionPut asks a question in place of the one before.
INSERT INTO questions (seller, instance_id, endpoint, task_id, state, asked_at, until_at)
VALUES (
    sqlc.arg(seller), sqlc.arg(instance_id), sqlc.arg(endpoint), sqlc.arg(task_id), sqlc.arg(state), sqlc.arg(asked_at), sqlc.arg(until_at)
)
ON CONFLICT (seller, instance_id) DO UPDATE SET
    endpoint = excluded.endpoint, task_id = excluded.task_id, state = excluded.state, asked_at = excluded.asked_at, until_at = excluded.until_at;

-- name: QuestionEnd :exec
-- QuestionEnd keeps the end of a question, unless another was asked in its place.
UPDATE questions SET state = sqlc.arg(state), until_at = sqlc.arg(until_at)
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND task_id = sqlc.arg(task_id);

-- name: QuestionForget :exec
-- QuestionForget takes a question away, unless another was asked in its place.
DELETE FROM questions
WHERE seller = sqlc.arg(seller) AND instance_id = sqlc.arg(instance_id) AND task_id = sqlc.arg(task_id);

-- name: QuestionTaskEnd :exec
-- QuestionTaskEnd cancels the task of a question whose time is over, whoever holds it.
UPDATE tasks SET state = 'CANCELLED', reason = 'the marketplace repeats no longer: its question is over', updated_at = sqlc.arg(now)
WHERE id = sqlc.arg(id) AND state IN ('READY', 'LEASED');
