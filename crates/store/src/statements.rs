//! Every statement, by name; each stands in its own file in `sql/`.

/// A statement in both dialects. It says the same in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) name: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(
            pub(crate) const $name: Statement = Statement {
                name: $file,
                sqlite: include_str!(concat!("../sql/", $file, ".sqlite.sql")),
                postgres: include_str!(concat!("../sql/", $file, ".postgres.sql")),
            };
        )*

        /// All of them: for tests that prepare and explain each one.
        #[cfg(test)]
        pub(crate) const ALL: &[Statement] = &[$($name),*];
    };
}

/// What only PostgreSQL is ever asked.
pub(crate) mod only {
    use super::Statement;

    macro_rules! only {
        ($($name:ident = $file:literal;)*) => {
            $(
                pub(crate) const $name: Statement = Statement {
                    name: $file,
                    sqlite: "",
                    postgres: include_str!(concat!("../sql/postgres/", $file, ".sql")),
                };
            )*
        };
    }

    only! {
        CHANGES = "changes";
        CHANGES_FORGET = "changes_forget";
        IMPORT_WAITS = "import_waits";
        JOB_TAKE = "job_take";
        NODE_BEAT = "node_beat";
        NODE_COMPANY = "node_company";
        NODE_FLOOR = "node_floor";
        NODE_LEAVE = "node_leave";
        NODE_LOCK = "node_lock";
        NODE_LOCK_SHARED = "node_lock_shared";
        NODE_OTHERS = "node_others";
        NODE_TAKE = "node_take";
        NODE_WAIT = "node_wait";
        OUTBOX = "outbox";
        OUTBOX_DONE = "outbox_done";
        OUTBOX_REFUSE = "outbox_refuse";
        OUTBOX_TAKE = "outbox_take";
    }
}

statements! {
    ACCEPT_DELIVERY = "accept_delivery";
    ACCEPT_EVENT = "accept_event";
    APPLICATION = "application";
    APPLICATION_BY_CLIENT = "application_by_client";
    APPLICATION_COUNT = "application_count";
    APPLICATION_CREATE = "application_create";
    APPLICATION_DELETE = "application_delete";
    APPLICATIONS = "applications";
    APPLICATIONS_FORGET = "applications_forget";
    ATTEMPTS = "attempts";
    ATTEMPTS_LAST = "attempts_last";
    BALANCE_ADD = "balance_add";
    BALANCES = "balances";
    BACKLOG_DUE = "backlog_due";
    BACKLOG_LEASED = "backlog_leased";
    BACKLOG_PARKED = "backlog_parked";
    BACKLOG_RESTING = "backlog_resting";
    CLAIM_FIND = "claim_find";
    CLAIM_LEASE = "claim_lease";
    CONTRACT = "contract";
    CONTRACT_FIND = "contract_find";
    CONTRACT_REGISTER = "contract_register";
    DELIVERIES_LEASED_OF_ENDPOINT = "deliveries_leased_of_endpoint";
    DELIVERIES_LEASED_OF_MERCHANT = "deliveries_leased_of_merchant";
    DELIVERIES_OF_ENDPOINT = "deliveries_of_endpoint";
    DELIVERIES_OF_EVENT = "deliveries_of_event";
    DELIVERIES_OF_MERCHANT = "deliveries_of_merchant";
    DELIVERY = "delivery";
    DELIVERY_HELD = "delivery_held";
    ENDPOINT = "endpoint";
    ENDPOINT_COUNT = "endpoint_count";
    ENDPOINT_CREATE = "endpoint_create";
    ENDPOINT_DELETE = "endpoint_delete";
    ENDPOINT_IDS = "endpoint_ids";
    ENDPOINT_ON_RECORD = "endpoint_on_record";
    ENDPOINT_SET_FAILING = "endpoint_set_failing";
    ENDPOINT_SET_STATUS = "endpoint_set_status";
    ENDPOINT_SET_VERSION = "endpoint_set_version";
    ENDPOINT_STANDING = "endpoint_standing";
    ENDPOINT_VERSION_AT = "endpoint_version_at";
    ENDPOINT_VERSIONS = "endpoint_versions";
    ENDPOINT_WRITE_VERSION = "endpoint_write_version";
    ENDPOINTS = "endpoints";
    ENDPOINTS_DELETED = "endpoints_deleted";
    EVENT = "event";
    EVENT_BY_REFERENCE = "event_by_reference";
    EVENTS = "events";
    EVENTS_AFTER = "events_after";
    EVENTS_OF_KIND = "events_of_kind";
    EXPIRED = "expired";
    EXTENT = "extent";
    FEED_PAGE = "feed_page";
    FEED_PAGE_DROP = "feed_page_drop";
    FEED_PAGE_PUT = "feed_page_put";
    FEED_PAGES_DROP = "feed_pages_drop";
    FORGET_ATTEMPTS = "forget_attempts";
    FORGET_DELIVERIES = "forget_deliveries";
    FORGET_END = "forget_end";
    FORGET_ENDPOINTS = "forget_endpoints";
    FORGET_EVENT = "forget_event";
    FORGET_FOUND = "forget_found";
    FORGET_JOBS = "forget_jobs";
    FORGET_MERCHANTS = "forget_merchants";
    FORGET_WAITING = "forget_waiting";
    GRANT_CREATE = "grant_create";
    GRANT_EXTEND = "grant_extend";
    GRANT_REVOKE = "grant_revoke";
    GRANTS_OF = "grants_of";
    GRANTS_REVOKE_OF = "grants_revoke_of";
    GRANTS_REVOKE_TO = "grants_revoke_to";
    GRANTS_FORGET = "grants_forget";
    INCIDENT = "incident";
    INCIDENT_OPEN = "incident_open";
    INCIDENT_TELL = "incident_tell";
    INCIDENTS = "incidents";
    JOB = "job";
    JOB_CHUNK = "job_chunk";
    JOB_COUNT = "job_count";
    JOB_COUNT_KINDS = "job_count_kinds";
    JOB_CREATE = "job_create";
    JOB_END_DELIVERY = "job_end_delivery";
    JOB_KIND = "job_kind";
    JOB_MOVE = "job_move";
    JOB_MOVED = "job_moved";
    JOB_OVER = "job_over";
    JOB_PROGRESS = "job_progress";
    JOBS = "jobs";
    JOBS_RUNNING = "jobs_running";
    JOBS_RUNNING_OF_ENDPOINT = "jobs_running_of_endpoint";
    KEY_BY_HASH = "key_by_hash";
    KEY_CREATE = "key_create";
    KEY_REVOKE = "key_revoke";
    KEY_TOUCH = "key_touch";
    KEYS = "keys";
    LAST_EVENT = "last_event";
    LEDGER_DIFFERENCES = "ledger_differences";
    LEDGER_TOTALS = "ledger_totals";
    LOGIN = "login";
    LOGIN_COUNT = "login_count";
    LOGIN_CREATE = "login_create";
    LOGIN_DELETE = "login_delete";
    LOGIN_HELD = "login_held";
    LOGIN_SET_PASSWORD = "login_set_password";
    LOGIN_TAKEN = "login_taken";
    LOGINS = "logins";
    LOGINS_BY_EMAIL = "logins_by_email";
    MERCHANT = "merchant";
    MERCHANT_CHANGE = "merchant_change";
    MERCHANT_CLOCK = "merchant_clock";
    MERCHANT_CREATE = "merchant_create";
    MERCHANT_REFERRED = "merchant_referred";
    MERCHANTS = "merchants";
    NEXT_DUE = "next_due";
    NEXT_DUE_OF = "next_due_of";
    ONCE_EXPIRE = "once_expire";
    ONCE_FIND = "once_find";
    ONCE_KEEP = "once_keep";
    POSTING_CREATE = "posting_create";
    POSTINGS = "postings";
    POSTINGS_OF = "postings_of";
    RECORD = "record";
    RECORD_AT = "record_at";
    RECORD_BY_REFERENCE = "record_by_reference";
    RECORD_CREATE = "record_create";
    RECORD_FIRST_WAKE = "record_first_wake";
    RECORD_FORGET = "record_forget";
    RECORD_NEXT_WAKE = "record_next_wake";
    RECORD_UPDATE = "record_update";
    RECORD_WORDS_PUT = "record_words_put";
    RECORDS = "records";
    RECORDS_COUNT = "records_count";
    RECORDS_IN_STATE = "records_in_state";
    RECORDS_OF_PARENT = "records_of_parent";
    RECORDS_SEARCH = "records_search";
    RECORDS_WAKING = "records_waking";
    RECORDS_WAKING_OF = "records_waking_of";
    RELEASE = "release";
    RELEASE_ALL = "release_all";
    RELEASE_ALL_TO_DELETED = "release_all_to_deleted";
    RELEASE_TO_DELETED = "release_to_deleted";
    REQUEST_BLOCK_FIRST_SINCE = "request_block_first_since";
    REQUEST_BLOCK_FORGET = "request_block_forget";
    REQUEST_BLOCK_KEEP = "request_block_keep";
    REQUEST_BLOCK_LAST_BEFORE = "request_block_last_before";
    REQUEST_BLOCK_NUMBERED = "request_block_numbered";
    REQUEST_BLOCKS = "request_blocks";
    REQUEST_BLOCKS_AT = "request_blocks_at";
    REQUEST_BLOCKS_AT_OF = "request_blocks_at_of";
    REQUEST_BLOCKS_OF = "request_blocks_of";
    REQUEST_BLOCKS_OLD = "request_blocks_old";
    REQUEST_BLOCKS_WITH = "request_blocks_with";
    REQUEST_BLOCKS_WITH_OF = "request_blocks_with_of";
    REQUEST_IDS_FORGET = "request_ids_forget";
    REQUEST_IDS_KEEP = "request_ids_keep";
    REQUEST_MERCHANTS_FORGET = "request_merchants_forget";
    REQUEST_MERCHANTS_KEEP = "request_merchants_keep";
    RESEAL_KEY = "reseal_key";
    RESEAL_MERCHANT_LIVE = "reseal_merchant_live";
    RESEAL_MERCHANT_TEST = "reseal_merchant_test";
    RESEAL_SECRET = "reseal_secret";
    RESEND = "resend";
    SEALED_KEYS = "sealed_keys";
    SEALED_MERCHANTS_LIVE = "sealed_merchants_live";
    SEALED_MERCHANTS_TEST = "sealed_merchants_test";
    SEALED_SECRETS = "sealed_secrets";
    SECRET_CREATE = "secret_create";
    SECRET_RETIRE = "secret_retire";
    SECRETS = "secrets";
    SECRETS_LEFT = "secrets_left";
    SECRETS_SIGNING = "secrets_signing";
    SECRETS_SIGNING_ALL = "secrets_signing_all";
    SETTLE = "settle";
    SETTLE_ATTEMPT = "settle_attempt";
    SETTLE_BEFORE = "settle_before";
    SETTLE_FOUND = "settle_found";
    TOKEN = "token";
    TOKEN_CREATE = "token_create";
    TOKEN_SPEND = "token_spend";
    TOKENS_FORGET = "tokens_forget";
    VALUE = "value";
    VALUE_KEEP = "value_keep";
    VALUE_PUT = "value_put";
}
