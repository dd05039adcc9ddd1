//! OAuth 2: applications, what they are granted, and tokens, which are made here, shown once and kept as hashes.
//!
//! Tokens end by the merchant's clock: in test mode whoever moves the sandbox clock half an hour ahead sees what its program
//! does when its token has expired, in live mode that clock is real time. What is erased is erased by real time alone: a
//! sandbox clock is never behind it.

mod applications;
mod consent;
mod tokens;
mod users;

pub use applications::{ApplicationDraft, Registered};
pub use consent::{Consent, NotIn};
pub use tokens::{BadToken, Bearer, Given, Introspected, OauthError};
pub use users::{Invitation, NotSet};

impl crate::Engine {
    /// Where the deployment is to be found, as its operator configured it: what its issuer's name begins with.
    #[must_use]
    pub fn public_url(&self) -> Option<&str> {
        self.shared.options.public_url.as_deref()
    }
}
