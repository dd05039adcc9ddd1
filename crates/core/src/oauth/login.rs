//! Whoever may let an application in: a user of a merchant's account, with an address and a password.

use jiff::Timestamp;

use crate::event::Mode;
use crate::id::{LoginId, MerchantId};

/// Users of a merchant's account in a mode, at most.
pub const LOGINS_MAX: usize = 1_000;
/// Characters of a password.
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 10..=256;
/// Characters of an address, at most (RFC 5321).
const EMAIL_CHARS_MAX: usize = 254;

/// A user of a merchant's account.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// Its id.
    pub id: LoginId,
    /// Whose account.
    pub merchant: MerchantId,
    /// Sandbox and production have users of their own.
    pub mode: Mode,
    /// By what it logs in: in lower case, and no other of its account and mode has it.
    pub email: String,
    /// The password's salt and hash.
    pub password: Vec<u8>,
    /// When it registered.
    pub created: Timestamp,
}

/// What nobody can log in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLogin {
    /// No address.
    #[error("must be an e-mail address of at most {EMAIL_CHARS_MAX} characters")]
    Email,
    /// Too short or too long a password.
    #[error("must have {} to {} characters", PASSWORD_CHARS.start(), PASSWORD_CHARS.end())]
    Password,
}

/// An address as it is kept.
pub fn email(text: &str) -> Result<String, BadLogin> {
    let text = text.trim().to_lowercase();
    let (user, host) = text.rsplit_once('@').ok_or(BadLogin::Email)?;
    let sound = !user.is_empty()
        && host.split('.').count() > 1
        && host.split('.').all(|part| !part.is_empty())
        && text.chars().count() <= EMAIL_CHARS_MAX
        && !text.chars().any(|letter| letter.is_control() || letter.is_whitespace());
    if sound { Ok(text) } else { Err(BadLogin::Email) }
}

/// Whether a password is long enough, and not so long that hashing it is work for nothing.
pub fn check_password(text: &str) -> Result<(), BadLogin> {
    if PASSWORD_CHARS.contains(&text.chars().count()) { Ok(()) } else { Err(BadLogin::Password) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_in_lower_case_and_one_that_is_none_is_refused() {
        assert_eq!(email(" Ana@Loja.Example "), Ok("ana@loja.example".into()));
        for text in
            ["", "ana", "@loja.example", "ana@", "ana@loja", "ana@.example", "a b@c.example"]
        {
            assert_eq!(email(text), Err(BadLogin::Email), "{text}");
        }
        assert_eq!(email(&format!("{}@a.example", "a".repeat(250))), Err(BadLogin::Email));
    }

    #[test]
    fn a_password_has_ten_characters_or_more() {
        assert_eq!(check_password("nine char"), Err(BadLogin::Password));
        assert_eq!(check_password("dez letras"), Ok(()));
        assert_eq!(check_password(&"x".repeat(257)), Err(BadLogin::Password));
    }
}
