//! What applications are granted: a family of tokens, which are spent once and end together.
//!
//! A token is known by a keyed hash alone. Whether it is good is said by it, its grant and its application at once, so that
//! whatever ends one of them ends it: there is nothing to clean up before a refusal holds.

use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::id::{ApplicationId, LoginId, MerchantId};
use posthorn_core::oauth::{Application, ClientKind, Login, RedirectUri, Scopes, TokenKind};

use crate::{Answer, Done, Once, Page};

/// An application to register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApplication {
    /// Whose.
    pub place: (MerchantId, Mode),
    /// Its `client_id`.
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
    /// When.
    pub created: Timestamp,
}

/// A user to register.
#[derive(Clone, PartialEq, Eq)]
pub struct NewLogin {
    /// Whose account.
    pub place: (MerchantId, Mode),
    /// By what it logs in.
    pub email: String,
    /// The password's salt and hash; empty: the user is to set one.
    pub password: Vec<u8>,
    /// When.
    pub created: Timestamp,
}

/// What was granted, to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// Its number: chance.
    pub id: [u8; 16],
    /// The application that it was granted to.
    pub application: ApplicationId,
    /// On whose account.
    pub place: (MerchantId, Mode),
    /// The user who consented, where one did.
    pub subject: Option<i64>,
    /// How far it reaches.
    pub scopes: Scopes,
}

/// What a user lets an application do, by however many grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetIn {
    /// The application.
    pub application: ApplicationId,
    /// What people call it.
    pub name: String,
    /// What it calls itself.
    pub client: String,
    /// Who registered it: another merchant, it may be.
    pub of: MerchantId,
    /// How far it reaches.
    pub scopes: Scopes,
    /// Since when, on the merchant's clock.
    pub since: Timestamp,
}

/// A token to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Its keyed hash.
    pub hash: [u8; 32],
    /// What it is.
    pub kind: TokenKind,
    /// What it is good for: what was granted, or less.
    pub scopes: Scopes,
    /// When it ends, on the merchant's clock.
    pub expires: Timestamp,
    /// When it may be forgotten, in real time.
    pub forget: Timestamp,
    /// What a code is tied to: JSON.
    pub bound: Option<String>,
}

/// A token on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its grant; the scopes are the token's own.
    pub family: Family,
    /// When it ends, on the merchant's clock.
    pub expires: Timestamp,
    /// When it was used up or revoked, on the merchant's clock.
    pub spent: Option<Timestamp>,
    /// Whether its grant or its application is over.
    pub over: bool,
    /// What a code is tied to: JSON.
    pub bound: Option<String>,
}

/// What came of a token that was brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redeemed {
    /// It is spent, and what was to be given for it is on record.
    Now,
    /// It was spent before: somebody has a copy. All that was ever given for its grant is revoked.
    Again,
    /// There is none, or its grant is over.
    Gone,
}

/// Applications, grants and tokens, as verbs.
pub trait Grants: Send + Sync {
    /// Registers an application. Fails with [`crate::StoreError::TooMany`] past the bound.
    fn create_application(
        &self,
        new: NewApplication,
        once: Option<Once>,
    ) -> Answer<'_, Done<ApplicationId>>;
    /// One application, deleted or not.
    fn application(&self, id: ApplicationId) -> Answer<'_, Option<Application>>;
    /// The application that calls itself so, deleted or not.
    fn application_by_client(&self, client: String) -> Answer<'_, Option<Application>>;
    /// A merchant's applications that are not deleted, oldest first.
    fn applications(
        &self,
        place: (MerchantId, Mode),
        page: Page<ApplicationId>,
    ) -> Answer<'_, Vec<Application>>;
    /// Deletes an application: nothing that it was granted is good any more. `false`: there is none.
    fn delete_application(
        &self,
        place: (MerchantId, Mode),
        id: ApplicationId,
        at: Timestamp,
    ) -> Answer<'_, bool>;
    /// Registers a user. Fails with [`crate::StoreError::Taken`] when another of the account and mode has the
    /// address, and with [`crate::StoreError::TooMany`] past the bound.
    fn create_login(&self, new: NewLogin, once: Option<Once>) -> Answer<'_, Done<LoginId>>;
    /// A merchant's users, oldest first.
    fn logins(&self, place: (MerchantId, Mode), page: Page<LoginId>) -> Answer<'_, Vec<Login>>;
    /// Deletes a user, and ends what it let happen. `false`: there is none.
    fn delete_login(
        &self,
        place: (MerchantId, Mode),
        id: LoginId,
        at: Timestamp,
    ) -> Answer<'_, bool>;
    /// The users of a mode who have this address, of at most `limit` accounts.
    fn logins_by_email(&self, mode: Mode, email: String, limit: u32) -> Answer<'_, Vec<Login>>;
    /// One user.
    fn login(&self, id: LoginId) -> Answer<'_, Option<Login>>;
    /// Gives a user another password for the one that it had. `false`: it has another meanwhile, or is gone.
    fn set_login_password(&self, id: LoginId, was: Vec<u8>, is: Vec<u8>) -> Answer<'_, bool>;
    /// What a user lets applications do whose tokens can be good at `now` (real time), by the application.
    fn let_in_by(
        &self,
        login: LoginId,
        now: Timestamp,
        page: Page<ApplicationId>,
    ) -> Answer<'_, Vec<LetIn>>;
    /// Ends what a user lets an application do. `false`: that was nothing.
    fn shut_out(
        &self,
        login: LoginId,
        application: ApplicationId,
        at: Timestamp,
    ) -> Answer<'_, bool>;
    /// Writes a new grant with its tokens, made at `at` (the merchant's clock); `false`, and nothing: the user who consented is not
    /// there any more.
    fn issue(&self, family: Family, tokens: Vec<NewToken>, at: Timestamp) -> Answer<'_, bool>;
    /// The token with this hash.
    fn token(&self, hash: [u8; 32]) -> Answer<'_, Option<Token>>;
    /// Spends a token, and writes what is given for it into the same grant. One that was spent before ends its grant.
    fn redeem(&self, hash: [u8; 32], at: Timestamp, given: Vec<NewToken>) -> Answer<'_, Redeemed>;
    /// Ends one token, or (with `family`) all of its grant. Answers whether there was anything to end.
    fn revoke_token(&self, hash: [u8; 32], family: bool, at: Timestamp) -> Answer<'_, bool>;
    /// Forgets tokens and grants that cannot be good since before `before` (real time), at most `limit` of each; answers how
    /// many tokens.
    fn forget_tokens(&self, before: Timestamp, limit: u32) -> Answer<'_, u32>;
    /// Forgets applications that were deleted before `before` (real time), at most `limit`; answers how many.
    fn forget_applications(&self, before: Timestamp, limit: u32) -> Answer<'_, u32>;
}
