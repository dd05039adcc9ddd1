//! What a token is good for: `read` and `write`, which the guide does not name and every request is one of.

use std::fmt;

/// Which requests: those that only look, and those that change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes {
    /// GET and HEAD.
    pub read: bool,
    /// All other methods.
    pub write: bool,
}

/// What is no scope, or too much.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadScope {
    /// There is no such word.
    #[error("there is no scope `{0}`; there are `read` and `write`")]
    Unknown(String),
    /// None at all.
    #[error("`scope` is empty; leave it out for all there is")]
    Empty,
    /// More than was granted.
    #[error("more was asked for than was granted: `{0}`")]
    Wider(Scopes),
}

impl Scopes {
    /// All there is: what is meant where `scope` is left out.
    pub const ALL: Self = Self { read: true, write: true };

    /// Reads `scope`: words with single spaces between them, in any order; nothing stands for all of `granted`.
    pub fn read(text: Option<&str>, granted: Self) -> Result<Self, BadScope> {
        let Some(text) = text else { return Ok(granted) };
        if text.is_empty() {
            return Err(BadScope::Empty);
        }
        let mut asked = Self { read: false, write: false };
        for word in text.split(' ') {
            match word {
                "read" => asked.read = true,
                "write" => asked.write = true,
                _ => return Err(BadScope::Unknown(word.chars().take(80).collect())),
            }
        }
        if (asked.read && !granted.read) || (asked.write && !granted.write) {
            return Err(BadScope::Wider(granted));
        }
        Ok(asked)
    }

    /// The word that a method of HTTP needs, where it is not among these.
    #[must_use]
    pub fn lacks(self, method: &str) -> Option<&'static str> {
        if matches!(method, "GET" | "HEAD") {
            (!self.read).then_some("read")
        } else {
            (!self.write).then_some("write")
        }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.read, self.write) {
            (true, true) => "read write",
            (true, false) => "read",
            (false, true) => "write",
            (false, false) => "",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Scopes = Scopes { read: true, write: false };

    #[test]
    fn scopes_are_words_in_any_order_and_all_when_left_out() {
        assert_eq!(Scopes::read(None, READ), Ok(READ));
        assert_eq!(Scopes::read(Some("write read"), Scopes::ALL), Ok(Scopes::ALL));
        assert_eq!(Scopes::read(Some("read read"), Scopes::ALL), Ok(READ));
        for scopes in [Scopes::ALL, READ, Scopes { read: false, write: true }] {
            assert_eq!(Scopes::read(Some(&scopes.to_string()), Scopes::ALL), Ok(scopes));
        }
    }

    #[test]
    fn unknown_words_empty_lists_and_more_than_was_granted_are_refused() {
        assert_eq!(Scopes::read(Some(""), Scopes::ALL), Err(BadScope::Empty));
        for text in ["admin", "Read", "read  write", " read", "read,write"] {
            let refused = Scopes::read(Some(text), Scopes::ALL);
            assert!(matches!(refused, Err(BadScope::Unknown(_))), "{text}: {refused:?}");
        }
        assert_eq!(Scopes::read(Some("read write"), READ), Err(BadScope::Wider(READ)));
    }

    #[test]
    fn a_method_needs_its_word() {
        assert_eq!((READ.lacks("GET"), READ.lacks("HEAD")), (None, None));
        for method in ["POST", "PUT", "PATCH", "DELETE", "SOMETHING"] {
            assert_eq!(READ.lacks(method), Some("write"));
        }
        assert_eq!(Scopes { read: false, write: true }.lacks("GET"), Some("read"));
    }
}
