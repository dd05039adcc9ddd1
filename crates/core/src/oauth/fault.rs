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

impl Refusal {
    /// What is to be said, in the characters that RFC 6749 lets into a description: ours are of the code, but may repeat a
    /// caller's.
    #[must_use]
    pub fn described(&self) -> String {
        let plain = |letter: &char| matches!(letter, ' '..='~') && !['"', '\\'].contains(letter);
        self.what.chars().filter(plain).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_the_characters_that_the_rfc_lets_in() {
        let refusal = Fault::InvalidScope.because("`a\"b\\c\né` is no scope");
        assert_eq!(refusal.described(), "`abc` is no scope");
    }
}
