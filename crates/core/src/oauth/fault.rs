//! What the token endpoint refuses (RFC 6749, section 5.2): a word for programs, a sentence for people.

/// Why, in the RFC's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A parameter is missing, stands there twice or makes no sense.
    InvalidRequest,
    /// Nobody knows the client, or it did not prove who it is.
    InvalidClient,
    /// The code or the refresh token is not good (any more), or is another client's.
    InvalidGrant,
    /// The client may not ask in this way.
    UnauthorizedClient,
    /// There is no such way.
    UnsupportedGrantType,
    /// There is no such scope, or it is more than was granted.
    InvalidScope,
    /// Codes are the only thing to ask a user for.
    UnsupportedResponseType,
    /// The user said no.
    AccessDenied,
}

impl Fault {
    /// The word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::AccessDenied => "access_denied",
        }
    }

    /// The same with what is to be said about it.
    #[must_use]
    pub fn because(self, what: impl Into<String>) -> Refusal {
        Refusal { fault: self, what: what.into() }
    }
}

/// A refusal, told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}", fault.name())]
pub struct Refusal {
    /// Which.
    pub fault: Fault,
    /// For people: what, and how to mend it.
    pub what: String,
}
