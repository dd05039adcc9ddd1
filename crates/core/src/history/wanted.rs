//! Which calls are looked for.

use std::str::FromStr;

use jiff::Timestamp;

use super::Call;

/// Calls that are looked for: those that fit all that is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Answered with one of these statuses.
    pub status: Option<Statuses>,
    /// With this method.
    pub method: Option<String>,
    /// To a path that begins so.
    pub path: Option<String>,
    /// Refused with this code.
    pub code: Option<String>,
    /// Begun at or after this time.
    pub after: Option<Timestamp>,
    /// Begun before this time.
    pub before: Option<Timestamp>,
    /// With this text in the path, a body, the code, the id or the name of the program, which may have it in letters of any size; here
    /// it is in small ones.
    pub text: Option<String>,
}

/// One status, or all of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statuses {
    /// `404`.
    One(u16),
    /// `4xx`, by its first digit.
    Class(u16),
}

/// A text that names no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a status such as `404`, or a class of them such as `4xx`")]
pub struct BadStatus;

impl FromStr for Statuses {
    type Err = BadStatus;

    fn from_str(text: &str) -> Result<Self, BadStatus> {
        let (class, number) = match text.strip_suffix("xx") {
            Some(class) => (true, class),
            None => (false, text),
        };
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| digits).ok_or(BadStatus)?;
        match number {
            1..=5 if class => Ok(Self::Class(number)),
            100..=599 if !class => Ok(Self::One(number)),
            0..=u16::MAX => Err(BadStatus),
        }
    }
}

impl Statuses {
    fn takes(self, status: u16) -> bool {
        match self {
            Self::One(one) => one == status,
            Self::Class(class) => status / 100 == class,
        }
    }
}

impl Wanted {
    /// The same with this text in them.
    #[must_use]
    pub fn with_text(self, text: Option<&str>) -> Self {
        Self { text: text.map(str::to_lowercase), ..self }
    }

    /// Whether a call is one of them.
    #[must_use]
    pub fn takes(&self, call: &Call) -> bool {
        let asked = &call.asked;
        self.status.is_none_or(|statuses| statuses.takes(call.status))
            && self.after.is_none_or(|after| call.at >= after)
            && self.before.is_none_or(|before| call.at < before)
            && self.method.as_ref().is_none_or(|method| asked.method.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|path| asked.path.starts_with(&**path))
            && self
                .code
                .as_ref()
                .is_none_or(|code| call.code.as_ref().is_some_and(|of| **of == **code))
            && self.text.as_ref().is_none_or(|text| has(call, text))
    }
}

fn has(call: &Call, small: &str) -> bool {
    let texts = [
        Some(&*call.id),
        Some(&*call.asked.path),
        call.code.as_deref(),
        call.asked.user_agent.as_deref(),
        call.request.kept.text(),
        call.response.kept.text(),
    ];
    texts.into_iter().flatten().any(|text| text.to_lowercase().contains(small))
}
