-- name: LoginApplicationInsert :exec
-- LoginApplicationInsert adds an application.
INSERT INTO login_applications (
    seller, app_id, name, product_id, state, settings, secrets, test, version, created_at, updated_at
) VALUES (
    sqlc.arg(seller), sqlc.arg(app_id), sqlc.arg(name), sqlc.arg(product_id), sqlc.arg(state), sqlc.arg(settings),
    sqlc.arg(secrets), sqlc.arg(test), sqlc.arg(version), sqlc.arg(created_at), sqlc.arg(updated_at)
);

-- name: LoginApplicationCount :one
-- LoginApplicationCount counts a seller's applications.
SELECT count(*) FROM login_applications WHERE seller = sqlc.arg(seller);

-- name: LoginApplicationGet :one
-- LoginApplicationGet reads one application.
SELECT
    seller, app_id, name, product_id, state, settings, secrets, test, version, created_at, updated_at
FROM login_applications
WHERE app_id = sqlc.arg(app_id);

-- name: LoginApplicationList :many
-- LoginApplicationList reads the applications of a seller, who has few, or of all when none is named.
SELECT
    seller, app_id, name, product_id, state, settings, secrets, test, version, created_at, updated_at
FROM login_applications
WHERE CAST(sqlc.arg(seller) AS TEXT) = '' OR seller = CAST(sqlc.arg(seller) AS TEXT)
ORDER BY created_at, app_id;

-- name: LoginApplicationUpdate :execrows
-- LoginApplicationUpdate replaces an application.
UPDATE login_applications SET
    name = sqlc.arg(name), product_id = sqlc.arg(product_id), state = sqlc.arg(state), settings = sqlc.arg(settings),
    secrets = sqlc.arg(secrets), test = sqlc.arg(test), version = sqlc.arg(version),
    updated_at = sqlc.arg(updated_at)
WHERE app_id = sqlc.arg(app_id);

-- name: LoginApplicationDelete :execrows
-- LoginApplicationDelete removes an application.
DELETE FROM login_applications WHERE app_id = sqlc.arg(app_id);

-- name: LoginRequestInsert :exec
-- LoginRequestInsert adds a login that has begun.
INSERT INTO login_requests (
    id, seller, app_id, entrance, step, reason, browser, state_digest, tenant_id, asked, held, session_id, steps,
    created_at, updated_at, expires_at
) VALUES (
    sqlc.arg(id), sqlc.arg(seller), sqlc.arg(app_id), sqlc.arg(entrance), sqlc.arg(step), sqlc.arg(reason),
    sqlc.arg(browser), sqlc.arg(state_digest), sqlc.arg(tenant_id), sqlc.arg(asked), sqlc.arg(held),
    sqlc.arg(session_id), sqlc.arg(steps), sqlc.arg(created_at), sqlc.arg(updated_at), sqlc.arg(expires_at)
);

-- name: LoginRequestGet :one
-- LoginRequestGet reads one request.
SELECT
    id, seller, app_id, entrance, step, reason, browser, state_digest, tenant_id, asked, held, session_id, steps,
    created_at, updated_at, expires_at
FROM login_requests
WHERE id = sqlc.arg(id);

-- name: LoginRequestUpdate :execrows
-- LoginRequestUpdate replaces a request.
UPDATE login_requests SET
    entrance = sqlc.arg(entrance), step = sqlc.arg(step), reason = sqlc.arg(reason), browser = sqlc.arg(browser),
    state_digest = sqlc.arg(state_digest), tenant_id = sqlc.arg(tenant_id), asked = sqlc.arg(asked),
    held = sqlc.arg(held), session_id = sqlc.arg(session_id), steps = sqlc.arg(steps),
    updated_at = sqlc.arg(updated_at), expires_at = sqlc.arg(expires_at)
WHERE id = sqlc.arg(id);

-- name: LoginRequestList :many
-- LoginRequestList is the base of a page; the list builder appends filters, order and limit.
SELECT
    id, seller, app_id, entrance, step, reason, browser, state_digest, tenant_id, asked, held, session_id, steps,
    created_at, updated_at, expires_at
FROM login_requests
WHERE seller = sqlc.arg(seller);

-- name: LoginRequestsForget :execrows
-- LoginRequestsForget deletes the first requests that were over before a time.
DELETE FROM login_requests WHERE login_requests.id IN (
    SELECT r.id FROM login_requests AS r
    WHERE r.expires_at < sqlc.arg(before)
    ORDER BY r.expires_at
    LIMIT CAST(sqlc.arg(max) AS INTEGER)
);

-- name: LoginGrantInsert :exec
-- LoginGrantInsert adds what was given out.
INSERT INTO login_grants (
    digest, kind, session_id, request_id, scopes, created_at, expires_at, used_at
) VALUES (
    sqlc.arg(digest), sqlc.arg(kind), sqlc.arg(session_id), sqlc.arg(request_id), sqlc.arg(scopes),
    sqlc.arg(created_at), sqlc.arg(expires_at), sqlc.arg(used_at)
);

-- name: LoginGrantGet :one
-- LoginGrantGet reads one grant.
SELECT
    digest, kind, session_id, request_id, scopes, created_at, expires_at, used_at
FROM login_grants
WHERE digest = sqlc.arg(digest);

-- name: LoginGrantUse :execrows
-- LoginGrantUse marks a grant as used that was not.
UPDATE login_grants SET used_at = sqlc.arg(now) WHERE digest = sqlc.arg(digest) AND used_at = 0;

-- name: LoginGrantsForget :execrows
-- LoginGrantsForget deletes the first grants that were over before a time.
DELETE FROM login_grants WHERE login_grants.digest IN (
    SELECT g.digest FROM login_grants AS g
    WHERE g.expires_at < sqlc.arg(before)
    ORDER BY g.expires_at
    LIMIT CAST(sqlc.arg(max) AS INTEGER)
);

-- name: LoginSessionInsert :exec
-- LoginSessionInsert adds a session.
INSERT INTO login_sessions (
    id, seller, app_id, tenant_id, user_name, entrance, protocol, digest, upstream, created_at, last_at, expires_at,
    state, ended_at, end_reason, judge_at, judge_fence, logout_state, logout_due_at, logout_fence, logout_attempts,
    logout_first_at, logout_last_at, logout_status, logout_reason
) VALUES (
    sqlc.arg(id), sqlc.arg(seller), sqlc.arg(app_id), sqlc.arg(tenant_id), sqlc.arg(user_name), sqlc.arg(entrance),
    sqlc.arg(protocol), sqlc.arg(digest), sqlc.arg(upstream), sqlc.arg(created_at), sqlc.arg(last_at),
    sqlc.arg(expires_at), 'ACTIVE', 0, '', sqlc.arg(now), 1, 'NONE', 0, 0, 0, 0, 0, 0, ''
);

-- name: LoginSessionGet :one
-- LoginSessionGet reads one session.
SELECT
    id, seller, app_id, tenant_id, user_name, entrance, protocol, digest, upstream, created_at, last_at, expires_at,
    state, ended_at, end_reason, judge_at, judge_fence, logout_state, logout_due_at, logout_fence, logout_attempts,
    logout_first_at, logout_last_at, logout_status, logout_reason
FROM login_sessions
WHERE id = sqlc.arg(id);

-- name: LoginSessionOf :one
-- LoginSessionOf reads the session of a browser's cookie.
SELECT
    id, seller, app_id, tenant_id, user_name, entrance, protocol, digest, upstream, created_at, last_at, expires_at,
    state, ended_at, end_reason, judge_at, judge_fence, logout_state, logout_due_at, logout_fence, logout_attempts,
    logout_first_at, logout_last_at, logout_status, logout_reason
FROM login_sessions
WHERE digest = sqlc.arg(digest) AND digest <> '';

-- name: LoginSessionOfGrant :one
-- LoginSessionOfGrant reads the session that a grant was given out for.
SELECT
    s.id, s.seller, s.app_id, s.tenant_id, s.user_name, s.entrance, s.protocol, s.digest, s.upstream, s.created_at, s.last_at, s.expires_at,
    s.state, s.ended_at, s.end_reason, s.judge_at, s.judge_fence, s.logout_state, s.logout_due_at, s.logout_fence, s.logout_attempts,
    s.logout_first_at, s.logout_last_at, s.logout_status, s.logout_reason
FROM login_grants AS g
    INNER JOIN login_sessions AS s ON s.id = g.session_id
WHERE g.digest = sqlc.arg(digest);

-- name: LoginSessionEnded :one
-- LoginSessionEnded tells when a session ended, and keeps it from ending meanwhile.
SELECT ended_at FROM login_sessions WHERE id = sqlc.arg(id);

-- name: LoginSessionList :many
-- LoginSessionList is the base of a page; the list builder appends filters, order and limit.
SELECT
    id, seller, app_id, tenant_id, user_name, entrance, protocol, digest, upstream, created_at, last_at, expires_at,
    state, ended_at, end_reason, judge_at, judge_fence, logout_state, logout_due_at, logout_fence, logout_attempts,
    logout_first_at, logout_last_at, logout_status, logout_reason
FROM login_sessions
WHERE seller = sqlc.arg(seller);

-- name: LoginSessionUpdate :execrows
-- LoginSessionUpdate replaces what changes of a session.
UPDATE login_sessions SET
    digest = sqlc.arg(digest), upstream = sqlc.arg(upstream), last_at = sqlc.arg(last_at),
    expires_at = sqlc.arg(expires_at), state = sqlc.arg(state), ended_at = sqlc.arg(ended_at),
    end_reason = sqlc.arg(end_reason), judge_at = sqlc.arg(judge_at), logout_state = sqlc.arg(logout_state),
    logout_due_at = sqlc.arg(logout_due_at), logout_attempts = sqlc.arg(logout_attempts),
    logout_first_at = sqlc.arg(logout_first_at), logout_last_at = sqlc.arg(logout_last_at),
    logout_status = sqlc.arg(logout_status), logout_reason = sqlc.arg(logout_reason)
WHERE id = sqlc.arg(id);

-- name: LoginMarkTenant :exec
-- LoginMarkTenant has the sessions of a tenant judged.
UPDATE login_sessions SET judge_at = sqlc.arg(now), judge_fence = judge_fence + 1
WHERE seller = sqlc.arg(seller) AND tenant_id = sqlc.arg(tenant_id) AND ended_at = 0;

-- name: LoginMarkUsers :exec
-- LoginMarkUsers has the sessions of some users of a tenant judged.
UPDATE login_sessions SET judge_at = sqlc.arg(now), judge_fence = judge_fence + 1
WHERE seller = sqlc.arg(seller) AND tenant_id = sqlc.arg(tenant_id) AND ended_at = 0
    AND user_name IN (SELECT named.value FROM json_each(CAST(sqlc.arg(names) AS TEXT)) AS named);

-- name: LoginMarkInstance :exec
-- LoginMarkInstance has the sessions of the tenants of an instance judged.
UPDATE login_sessions SET judge_at = sqlc.arg(now), judge_fence = judge_fence + 1
WHERE login_sessions.seller = sqlc.arg(seller) AND ended_at = 0 AND login_sessions.tenant_id IN (
    SELECT t.tenant_id FROM tenants AS t WHERE t.seller = sqlc.arg(seller) AND t.instance_id = sqlc.arg(instance_id)
);

-- name: LoginMarkApplication :exec
-- LoginMarkApplication has the sessions of an application judged.
UPDATE login_sessions SET judge_at = sqlc.arg(now), judge_fence = judge_fence + 1
WHERE seller = sqlc.arg(seller) AND app_id = sqlc.arg(app_id) AND ended_at = 0;

-- name: LoginSessionsJudge :many
-- LoginSessionsJudge hands out sessions that are to be judged.
UPDATE login_sessions SET judge_at = sqlc.arg(until), judge_fence = judge_fence + 1
WHERE id IN (
    SELECT s.id FROM login_sessions AS s
    WHERE s.judge_at > 0 AND s.judge_at <= sqlc.arg(now)
    ORDER BY s.judge_at
    LIMIT CAST(sqlc.arg(max) AS INTEGER)
)
RETURNING
    id, seller, app_id, tenant_id, user_name, entrance, protocol, digest, upstream, created_at, last_at, expires_at,
    state, ended_at, end_reason, judge_at, judge_fence, logout_state, logout_due_at, logout_fence, logout_attempts,
    logout_first_at, logout_last_at, logout_status, logout_reason;

-- name: LoginSessionJudged :execrows
-- LoginSessionJudged says when a session is to be judged again that nothing has marked since it was handed out.
UPDATE login_sessions SET judge_at = sqlc.arg(next)
WHERE id = sqlc.arg(id) AND judge_fence = sqlc.arg(judge_fence) AND ended_at = 0;

-- name: LogoutsLease :many
-- LogoutsLease hands out sessions whose application is to be told of their end, but for some applications.
UPDATE login_sessions SET logout_due_at = sqlc.arg(until), logout_fence = logout_fence + 1
WHERE id IN (
    SELECT s.id FROM login_sessions AS s
    WHERE s.logout_state = 'PENDING' AND s.logout_due_at <= sqlc.arg(now)
        AND NOT s.app_id IN (SELECT named.value FROM json_each(CAST(sqlc.arg(besides) AS TEXT)) AS named)
    ORDER BY s.logout_due_at
    LIMIT CAST(sqlc.arg(max) AS INTEGER)
)
RETURNING
    id, seller, app_id, tenant_id, user_name, entrance, protocol, digest, upstream, created_at, last_at, expires_at,
    state, ended_at, end_reason, judge_at, judge_fence, logout_state, logout_due_at, logout_fence, logout_attempts,
    logout_first_at, logout_last_at, logout_status, logout_reason;

-- name: LogoutsPending :one
-- LogoutsPending tells what is to be told to applications: when the next is due, and since when the oldest waits; 0 for none.
SELECT
    CAST(coalesce(min(logout_due_at), 0) AS INTEGER) AS due_at,
    CAST(coalesce(min(ended_at), 0) AS INTEGER) AS since,
    count(*) AS sessions
FROM login_sessions
WHERE logout_state = 'PENDING';

-- name: LoginSessionsForget :execrows
-- LoginSessionsForget deletes the first sessions that ended before a time and whose logout is over.
DELETE FROM login_sessions WHERE login_sessions.id IN (
    SELECT s.id FROM login_sessions AS s
    WHERE s.ended_at > 0 AND s.ended_at < sqlc.arg(before) AND s.logout_state <> 'PENDING'
    ORDER BY s.ended_at
    LIMIT CAST(sqlc.arg(max) AS INTEGER)
);

-- name: LoginFacts :many
-- LoginFacts reads what is known about a user of a tenant through each instance that the tenant is or was bound to.
SELECT
    t.seller, t.instance_id, t.tenant_id, t.id, t.order_id, t.tenant_code, t.name, t.domain_name, t.stamp_at, t.stamp_rank, t.deleted, t.erased_at,
    t.erased_rank, t.floor_at, t.floor_rank, t.created_at, t.updated_at,
    CAST(coalesce(length(a.app_id), 0) AS INTEGER) AS app_there,
    CAST(coalesce(a.client_id, '') AS TEXT) AS client_id,
    a.client_secret,
    CAST(coalesce(a.stamp_at, 0) AS INTEGER) AS app_stamp_at,
    CAST(coalesce(a.stamp_rank, 0) AS INTEGER) AS app_stamp_rank,
    CAST(coalesce(a.deleted, 0) AS INTEGER) AS app_deleted,
    CAST(coalesce(a.created_at, 0) AS INTEGER) AS app_created_at,
    CAST(coalesce(a.updated_at, 0) AS INTEGER) AS app_updated_at,
    CAST(coalesce(length(u.user_name), 0) AS INTEGER) AS user_there,
    CAST(coalesce(u.state, '') AS TEXT) AS user_state,
    CAST(coalesce(u.role, '') AS TEXT) AS role,
    CAST(coalesce(u.org_code, '') AS TEXT) AS org_code,
    u.profile,
    CAST(coalesce(u.stamp_at, 0) AS INTEGER) AS user_stamp_at,
    CAST(coalesce(u.stamp_rank, 0) AS INTEGER) AS user_stamp_rank,
    CAST(coalesce(u.deleted, 0) AS INTEGER) AS user_deleted,
    CAST(coalesce(u.created_at, 0) AS INTEGER) AS user_created_at,
    CAST(coalesce(u.updated_at, 0) AS INTEGER) AS user_updated_at,
    CAST(coalesce(i.state, '') AS TEXT) AS instance_state,
    CAST(coalesce(i.order_id, '') AS TEXT) AS instance_order_id,
    CAST(coalesce(i.product_id, '') AS TEXT) AS product_id,
    CAST(coalesce(i.expire_at, 0) AS INTEGER) AS expire_at
FROM tenants AS t
    LEFT JOIN applications AS a
        ON a.seller = t.seller AND a.instance_id = t.instance_id AND a.tenant_id = t.tenant_id AND a.app_id = CAST(sqlc.arg(app_id) AS TEXT)
    LEFT JOIN users AS u
        ON u.seller = t.seller AND u.instance_id = t.instance_id AND u.tenant_id = t.tenant_id AND u.app_id = CAST(sqlc.arg(app_id) AS TEXT)
            AND u.user_name = CAST(sqlc.arg(user_name) AS TEXT)
    LEFT JOIN instances AS i ON i.seller = t.seller AND i.instance_id = t.instance_id
WHERE t.seller = sqlc.arg(seller) AND t.tenant_id = sqlc.arg(tenant_id)
ORDER BY t.instance_id
LIMIT CAST(sqlc.arg(max) AS INTEGER);

-- name: TenantsByCode :many
-- TenantsByCode reads the tenants of a code that are not deleted.
SELECT
    seller, instance_id, tenant_id, id, order_id, tenant_code, name, domain_name, stamp_at, stamp_rank, deleted, erased_at,
    erased_rank, floor_at, floor_rank, created_at, updated_at
FROM tenants
WHERE seller = sqlc.arg(seller) AND tenant_code = sqlc.arg(tenant_code) AND tenant_code <> '' AND deleted = 0
ORDER BY created_at, id
LIMIT CAST(sqlc.arg(max) AS INTEGER);

-- name: LoginKeyInsert :exec
-- LoginKeyInsert adds a signing key.
INSERT INTO login_keys (
    number, id, algorithm, private, created_at, active_at, retired_at
) VALUES (
    sqlc.arg(number), sqlc.arg(id), sqlc.arg(algorithm), sqlc.arg(private), sqlc.arg(created_at),
    sqlc.arg(active_at), sqlc.arg(retired_at)
);

-- name: LoginKeyList :many
-- LoginKeyList reads all signing keys, the oldest first.
SELECT
    number, id, algorithm, private, created_at, active_at, retired_at
FROM login_keys
ORDER BY number;

-- name: LoginKeysForget :execrows
-- LoginKeysForget deletes the first keys that retired before a time.
DELETE FROM login_keys WHERE login_keys.number IN (
    SELECT k.number FROM login_keys AS k
    WHERE k.retired_at > 0 AND k.retired_at < sqlc.arg(before)
    ORDER BY k.number
    LIMIT CAST(sqlc.arg(max) AS INTEGER)
);
