//! OAuth 2 (RFC 6749, RFC 9700): what an application is, how long what it is given lasts, and what it is refused for.

mod authorization;
mod fault;
mod login;
mod pkce;
mod redirect;
mod scope;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::Mode;
use crate::id::{ApplicationId, MerchantId};

pub use authorization::{Asked, Wanted, check, is_proven, redirect};
pub use fault::{Fault, Refusal};
pub use login::{BadLogin, LOGINS_MAX, Login, check_password, email};
pub use pkce::{BadChallenge, Challenge};
pub use redirect::{BadRedirect, REDIRECTS_MAX, RedirectUri};
pub use scope::{BadScope, Scopes};

/// How long an access token lasts: "Access tokens expire in 30 minutes".
pub const ACCESS_LASTS: SignedDuration = SignedDuration::from_mins(30);
/// How long a refresh token lasts: "If the refresh token also expired (7 days), you need to authenticate again".
pub const REFRESH_LASTS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a code lasts: as long as a browser takes to carry it.
pub const CODE_LASTS: SignedDuration = SignedDuration::from_secs(60);
/// Applications that a merchant has in a mode, at most.
pub const APPLICATIONS_MAX: usize = 100;

/// Whether a program can keep a secret (RFC 6749, section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// It runs at a server, and has a secret.
    Confidential,
    /// It runs at its user's: in a browser, on a phone. It has no secret.
    Public,
}

impl ClientKind {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Confidential => "confidential",
            Self::Public => "public",
        }
    }
}

/// A program that a merchant registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its id.
    pub id: ApplicationId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Sandbox and production have applications of their own.
    pub mode: Mode,
    /// What it calls itself: its `client_id`.
    pub client: String,
    /// What people call it.
    pub name: String,
    /// Whether it can keep a secret.
    pub kind: ClientKind,
    /// Where its users are sent back to.
    pub redirects: Vec<RedirectUri>,
    /// What its secret begins with, and its last four characters.
    pub hint: Option<String>,
    /// The keyed hash of its secret.
    pub secret: Option<[u8; 32]>,
    /// When it was registered.
    pub created: Timestamp,
    /// When it was deleted.
    pub deleted: Option<Timestamp>,
}

/// What a token is. The numbers are stored; never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TokenKind {
    /// It opens the API.
    Access = 1,
    /// It brings other tokens, once.
    Refresh = 2,
    /// What a browser carries; it brings tokens, once.
    Code = 3,
}

impl TokenKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Access, Self::Refresh, Self::Code];

    /// What it begins with, so that who finds one knows what it is.
    #[must_use]
    pub fn prefix(self, mode: Mode) -> &'static str {
        match (self, mode) {
            (Self::Access, Mode::Test) => "at_test_",
            (Self::Access, Mode::Live) => "at_live_",
            (Self::Refresh, Mode::Test) => "rt_test_",
            (Self::Refresh, Mode::Live) => "rt_live_",
            (Self::Code, Mode::Test) => "ac_test_",
            (Self::Code, Mode::Live) => "ac_live_",
        }
    }

    /// How long one lasts.
    #[must_use]
    pub fn lasts(self) -> SignedDuration {
        match self {
            Self::Access => ACCESS_LASTS,
            Self::Refresh => REFRESH_LASTS,
            Self::Code => CODE_LASTS,
        }
    }
}

/// Whether a bearer token is one of ours, and no merchant's key.
#[must_use]
pub fn is_access_token(text: &str) -> bool {
    [Mode::Test, Mode::Live].iter().any(|mode| text.starts_with(TokenKind::Access.prefix(*mode)))
}
