-- insert_client --
-- Register a client. Returns null when the client id is taken.
INSERT INTO access.client (client_id, name, secret_hash, scopes, tenancies, own_tenancy_id)
VALUES (%(client_id)s, %(name)s, %(secret_hash)s, %(scopes)s, %(tenancies)s, %(own_tenancy_id)s)
ON CONFLICT (client_id) DO NOTHING
RETURNING client_id;

-- replace_client_secret --
-- Give a client another secret; the one before stops counting at once.
UPDATE access.client SET secret_hash = %(secret_hash)s
WHERE client_id = %(client_id)s
RETURNING client_id;

-- set_client_disabled --
-- Disable a client (a time) or let it in again (null).
UPDATE access.client SET disabled_at = %(disabled_at)s
WHERE client_id = %(client_id)s
RETURNING client_id;

-- find_client --
-- One client by its id, the hash of its secret last.
SELECT client_id, name, scopes, tenancies, disabled_at, own_tenancy_id, secret_hash
FROM access.client
WHERE client_id = %(client_id)s;

-- list_clients --
-- Every client, by id.
SELECT client_id, name, scopes, tenancies, disabled_at, own_tenancy_id
FROM access.client
ORDER BY client_id;

-- put_product --
-- Add a product, or change the name and the bundles of one.
INSERT INTO access.product (product_id, name, bundles)
VALUES (%(product_id)s, %(name)s, %(bundles)s)
ON CONFLICT (product_id) DO UPDATE SET name = excluded.name, bundles = excluded.bundles;

-- list_products --
-- Every product, by id.
SELECT product_id, name, bundles
FROM access.product
ORDER BY product_id;

-- insert_subscription --
-- Subscribe a client to a product. Returns null when there is no such client or product.
INSERT INTO access.subscription
    (subscription_id, client_id, product_id, primary_key_hash, secondary_key_hash, state, expires_at)
SELECT %(subscription_id)s, client.client_id, product.product_id,
       %(primary_key_hash)s, %(secondary_key_hash)s, 'active', %(expires_at)s
FROM access.client CROSS JOIN access.product
WHERE client.client_id = %(client_id)s AND product.product_id = %(product_id)s
RETURNING subscription_id;

-- replace_primary_key --
-- Give a subscription another primary key.
UPDATE access.subscription SET primary_key_hash = %(key_hash)s
WHERE subscription_id = %(subscription_id)s
RETURNING client_id;

-- replace_secondary_key --
-- Give a subscription another secondary key.
UPDATE access.subscription SET secondary_key_hash = %(key_hash)s
WHERE subscription_id = %(subscription_id)s
RETURNING client_id;

-- set_subscription_state --
-- Suspend a subscription or make it active again.
UPDATE access.subscription SET state = %(state)s
WHERE subscription_id = %(subscription_id)s
RETURNING client_id;

-- set_subscription_expiry --
-- Say when a subscription ends (null: never).
UPDATE access.subscription SET expires_at = %(expires_at)s
WHERE subscription_id = %(subscription_id)s
RETURNING client_id;

-- find_subscription --
-- The subscription that a key belongs to, be it the primary or the secondary one.
SELECT s.subscription_id, s.client_id, s.product_id, p.bundles, s.state, s.expires_at
FROM access.subscription AS s
JOIN access.product AS p ON p.product_id = s.product_id
WHERE s.primary_key_hash = %(key_hash)s OR s.secondary_key_hash = %(key_hash)s;

-- list_subscriptions --
-- Every subscription, by client and product; of one client only when it is named.
SELECT s.subscription_id, s.client_id, s.product_id, p.bundles, s.state, s.expires_at
FROM access.subscription AS s
JOIN access.product AS p ON p.product_id = s.product_id
WHERE %(client_id)s::text IS NULL OR s.client_id = %(client_id)s
ORDER BY s.client_id, s.product_id, s.subscription_id;

-- insert_audit_events --
-- Append rows of one chain, given as one JSON array.
INSERT INTO audit.event
    (chain_id, seq, at, event, client_id, user_id, operation_id, patient_detail_ids, tenancies,
     outcome, reason, restricted, trace_id, previous_hash, hash)
SELECT %(chain_id)s::uuid, seq, at, event, client_id, user_id, operation_id, patient_detail_ids, tenancies,
       outcome, reason, restricted, trace_id, previous_hash, hash
FROM json_to_recordset(%(rows)s::json) AS row (
    seq bigint, at timestamptz, event text, client_id text, user_id text, operation_id text,
    patient_detail_ids bigint[], tenancies int[], outcome text, reason text, restricted boolean,
    trace_id text, previous_hash bytea, hash bytea
);

-- find_chain_head --
-- The last row of a chain.
SELECT seq, hash
FROM audit.event
WHERE chain_id = %(chain_id)s
ORDER BY seq DESC
LIMIT 1;

-- list_chain_heads --
-- The last row of every chain.
SELECT DISTINCT ON (chain_id) chain_id, seq, hash
FROM audit.event
ORDER BY chain_id, seq DESC;

-- find_chain_breaks --
-- The rows at which a chain does not hold: one before it is missing, or it is not as it was written.
WITH checked AS (
    SELECT chain_id, seq,
           seq <> 1 + lag(seq, 1, 0::bigint) OVER chain
           OR previous_hash <> lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER chain AS row_missing,
           hash <> sha256(
               previous_hash || uuid_send(chain_id) || int8send(seq)
               || int8send((extract(epoch FROM at) * 1000000)::bigint)
               || convert_to(row_to_json(shown)::text, 'UTF8')
           ) AS row_changed
    FROM audit.event
    CROSS JOIN LATERAL (
        SELECT event, client_id, user_id, operation_id, patient_detail_ids, tenancies,
               outcome, reason, restricted, trace_id
    ) AS shown
    WINDOW chain AS (PARTITION BY chain_id ORDER BY seq)
)
SELECT chain_id, seq, row_missing, row_changed
FROM checked
WHERE row_missing OR row_changed
ORDER BY chain_id, seq;

-- holds_head --
-- Whether a row that was once the head of a chain still stands as it stood.
SELECT EXISTS (
    SELECT FROM audit.event WHERE chain_id = %(chain_id)s AND seq = %(seq)s AND hash = %(hash)s
);

-- set_up_audit_connection --
-- Durable means flushed, whatever the server's own default is.
SELECT set_config('synchronous_commit', 'on', false),
       set_config('statement_timeout', %(statement_timeout)s, false);

-- find_events --
-- The newest events since a time, of a patient's record and of a client where they are named.
SELECT at, event, client_id, user_id, operation_id, patient_detail_ids, tenancies, outcome, reason, restricted, trace_id
FROM audit.event
WHERE at >= %(since)s
  AND (%(patient_detail_id)s::bigint IS NULL OR %(patient_detail_id)s = ANY (patient_detail_ids))
  AND (%(client_id)s::text IS NULL OR client_id = %(client_id)s)
ORDER BY at DESC, chain_id, seq DESC
LIMIT %(most)s;
