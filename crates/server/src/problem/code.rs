//! The list of problems: name, status, title, and what each means.

use http::StatusCode;

/// What there is to know about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// The code, as programs read it.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The title.
    pub title: &'static str,
    /// What it means and what to do, for the documentation.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($($variant:ident = $name:literal $status:literal $title:literal $meaning:literal,)*) => {
        /// Which problem. Codes are never renamed and never change their status.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $meaning] $variant,)* }

        impl Code {
            /// Every code, by status.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// What there is to know about it.
            #[must_use]
            pub const fn about(self) -> About {
                let (name, status, title, meaning) = match self {
                    $(Self::$variant => ($name, $status, $title, $meaning),)*
                };
                About { name, status, title, meaning }
            }
        }
    };
}

codes! {
    MalformedJson = "malformed_json" 400 "Malformed JSON"
        "The body is not the JSON that Posthorn takes: bad syntax, a duplicate name, too deep, not UTF-8. `detail` has line and column.",
    UnknownField = "unknown_field" 400 "Unknown field"
        "The body has a member that means nothing here, most likely misspelt. Nothing was done.",
    MissingField = "missing_field" 400 "Missing field"
        "The body lacks a member that is needed.",
    InvalidField = "invalid_field" 400 "Invalid field"
        "A member of the body has a value of the wrong type or form.",
    InvalidParameter = "invalid_parameter" 400 "Invalid parameter"
        "A query parameter is unknown, stands there twice, or has a value that means nothing.",
    InvalidCursor = "invalid_cursor" 400 "Invalid cursor"
        "The `cursor` was not made by this list with these filters.",
    InvalidIdempotencyKey = "invalid_idempotency_key" 400 "Invalid idempotency key"
        "`Idempotency-Key` must have 1 to 255 visible ASCII characters.",
    Unauthenticated = "unauthenticated" 401 "No key"
        "The request has no key; send `Authorization: Bearer <key>`.",
    UnknownKey = "unknown_key" 401 "Unknown key"
        "Nobody has this key.",
    RevokedKey = "revoked_key" 401 "Revoked key"
        "The key was revoked.",
    InvalidToken = "invalid_token" 401 "Invalid access token"
        "The access token is unknown, has expired or was revoked; `detail` says which. Use the refresh token, or ask for another.",
    InsufficientBalance = "insufficient_balance" 402 "Insufficient balance"
        "The merchant does not have as much as it wants to pay out; `GET /v1/balance` says what it has.",
    WrongKey = "wrong_key" 403 "Wrong kind of key"
        "The key is good, but not here: the operator's routes want the admin key, a merchant's want its `sk_test_…` or `sk_live_…`.",
    InsufficientScope = "insufficient_scope" 403 "Insufficient scope"
        "The access token is good, but not for this: `read` is for GET, `write` for everything else.",
    WrongMode = "wrong_mode" 403 "Wrong mode"
        "This is possible in test mode only, or only on a server started with `--sandbox`; or the host name is for the other mode (`hosts`), and `detail` says where this one's is.",
    NotFound = "not_found" 404 "Not found"
        "There is nothing by that id for this key (a test key sees nothing of live mode, and the reverse), or no such route.",
    CardTokenUnknown = "card_token_unknown" 404 "Unknown card token"
        "Nobody was given this card token by this merchant in this mode (TechCorp's API).",
    MethodNotAllowed = "method_not_allowed" 405 "Method not allowed"
        "The route exists, but not with this method; `Allow` lists those it has.",
    BodyTimeout = "body_timeout" 408 "Body timeout"
        "The body did not arrive in time.",
    Conflict = "conflict" 409 "Conflict"
        "It cannot be done in the state that things are in; `detail` says what to do.",
    PaymentState = "payment_state" 409 "Not in this state"
        "The payment does not stand where that is possible; `detail` says where it stands and what would be.",
    CheckoutState = "checkout_state" 409 "Not in this state"
        "The checkout does not stand where that is possible: it was paid, it is over, or a payment of it may still move money. `detail` says which.",
    OrderState = "order_state" 409 "Not in this state"
        "The order does not stand where that is possible: it was paid, sent, or called off. `detail` says which.",
    CardTokenUsed = "card_token_used" 409 "Card token used"
        "The card token has paid already, and not what this request asks for. A token pays once; make another of the card.",
    ReferenceInUse = "reference_in_use" 409 "Reference in use"
        "A payment with this `reference` may be paid, or was, and is of another amount or at another provider.",
    IdTaken = "id_taken" 409 "Id taken"
        "The event's `id` was given to an event with other content.",
    IdempotencyKeyInUse = "idempotency_key_in_use" 409 "Idempotency key in use"
        "A request with this `Idempotency-Key` is being carried out; try again after `Retry-After`.",
    TooLarge = "too_large" 413 "Too large"
        "The body is larger than the route takes, or one event's `data` is larger than 1 MiB.",
    InvalidEvent = "invalid_event" 422 "Invalid event"
        "The event's type, data or id is not acceptable.",
    NotInCatalogue = "not_in_catalogue" 422 "Not in the catalogue"
        "The merchant accepts catalogued event types only (`strict_catalogue`), and this is none.",
    InvalidSetting = "invalid_setting" 422 "Invalid setting"
        "A setting is well formed but not usable; `field` says which.",
    CardTokenExpired = "card_token_expired" 422 "Card token expired"
        "The card token was not used within 15 minutes; its card is forgotten. Make another of the card.",
    AddressRefused = "address_refused" 422 "Address refused"
        "The URL leads where Posthorn does not connect: a private or reserved address, a forbidden port or scheme.",
    IdempotencyKeyReused = "idempotency_key_reused" 422 "Idempotency key reused"
        "The `Idempotency-Key` was used before with another request. Use a new key.",
    TooManyStreams = "too_many_streams" 429 "Too many streams"
        "The merchant follows `/v1/listen` as often as it may at once; end a stream, or try again after `Retry-After`.",
    RateLimited = "rate_limited" 429 "Rate limited"
        "The merchant has made as many requests of its platform's own API as the contract's `[limits]` allow, or somebody has tried too many passwords; try again after `Retry-After`.",
    Internal = "internal" 500 "Internal error"
        "Something is wrong on the server's side; the operator finds it in the log under the request's id.",
    NoLiveProvider = "no_live_provider" 501 "No live provider"
        "Live mode has no provider that could take the money; test mode has simulated ones.",
    Unavailable = "unavailable" 503 "Unavailable"
        "The database cannot be used at the moment, or the server is stopping. Nothing was done; try again after `Retry-After`.",
    DiskFull = "disk_full" 503 "Disk full"
        "The data directory's disk is full: nothing new is accepted or begun, what is under way is finished. Try again after `Retry-After`.",
    DatabaseDamaged = "database_damaged" 503 "Database damaged"
        "A part of the database cannot be read: nothing new is accepted until the operator has restored it.",
    Busy = "busy" 503 "Busy"
        "Too much is waiting. Nothing was done; try again after `Retry-After`.",
}

impl Code {
    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.about().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What `WWW-Authenticate` says with it (RFC 6750, section 3).
    pub(super) fn challenge(self) -> Option<&'static str> {
        if self == Self::InsufficientScope {
            return Some("Bearer realm=\"posthorn\", error=\"insufficient_scope\"");
        }
        if self.about().status != 401 {
            return None;
        }
        if self == Self::Unauthenticated {
            return Some("Bearer realm=\"posthorn\"");
        }
        Some("Bearer realm=\"posthorn\", error=\"invalid_token\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_ordered_by_a_status_that_http_has() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.about().name).collect();
        let statuses: Vec<_> = Code::ALL.iter().map(|code| code.about().status).collect();
        assert!(statuses.is_sorted());
        assert!(Code::ALL.iter().all(|code| code.status().as_u16() == code.about().status));
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
