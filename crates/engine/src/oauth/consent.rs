//! Users let applications in: who they are, what they let happen, and the code that their browser carries.

use posthorn_core::event::Mode;
use posthorn_core::id::{LoginId, MerchantId};
use posthorn_core::oauth::{
    Application, Asked, Challenge, Fault, Login, RedirectUri, TRIES_MAX, TRIES_WITHIN, TokenKind,
    check_password, email, is_proven,
};
use posthorn_core::secret::Secret;
use posthorn_store::{Family, NewLogin, Page, Redeemed, StoreError};
use serde::{Deserialize, Serialize};

use super::password::NotHashed;
use super::tokens::{Given, OauthError};
use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::settings::refuse;

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum NotIn {
    /// No such user, or another password: nobody learns which.
    #[error("the e-mail address or the password is wrong")]
    Wrong,
    /// Too many tries.
    #[error("too many tries; wait a quarter of an hour")]
    TooOften,
    /// It could not be looked up.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<NotHashed> for EngineError {
    fn from(_: NotHashed) -> Self {
        Self::Broken { what: "a password could not be hashed".into() }
    }
}

/// What a code is tied to.
#[derive(Serialize, Deserialize)]
struct Bound {
    redirect: String,
    challenge: Option<String>,
}

impl Bound {
    fn is_met(&self, redirect: Option<&str>, verifier: Option<&str>) -> bool {
        let read = |text| Challenge::read(text, Some("S256"));
        let Ok(challenge) = self.challenge.as_deref().map(read).transpose() else { return false };
        redirect == Some(&self.redirect) && is_proven(challenge.as_ref(), verifier)
    }
}

impl Engine {
    /// Registers a user of a merchant's account.
    pub async fn create_login(
        &self,
        caller: Caller,
        place: (MerchantId, Mode),
        (address, password): (&str, Secret),
        request: Option<&RequestKey>,
    ) -> Result<LoginId, EngineError> {
        let shared = &self.shared;
        let (once, _held) = shared.once(caller, request)?;
        if let Some(id) = shared.used(once).await? {
            return Ok(LoginId::from_i64(id));
        }
        let email = match email(address) {
            Ok(email) => email,
            Err(bad) => return refuse("email", bad.to_string()),
        };
        if let Err(bad) = check_password(password.expose()) {
            return refuse("password", bad.to_string());
        }
        let salt = shared.entropy.bytes();
        let password = shared.passwords.hash(&shared.pepper, password, salt).await?;
        let new = NewLogin { place, email, password, created: shared.clock.now() };
        match shared.store.create_login(new, once).await {
            Err(StoreError::Taken { .. }) => {
                let what = "there is a user with this `email` in this mode".to_owned();
                Err(EngineError::Conflict { what })
            }
            done => Ok(done?.get()),
        }
    }

    /// A merchant's users, oldest first.
    pub async fn logins(
        &self,
        place: (MerchantId, Mode),
        page: Page<LoginId>,
    ) -> Result<Vec<Login>, EngineError> {
        Ok(self.shared.store.logins(place, page).await?)
    }

    /// Deletes a user; what it let happen ends with it.
    pub async fn delete_login(
        &self,
        place: (MerchantId, Mode),
        id: LoginId,
    ) -> Result<(), EngineError> {
        let at = self.shared.merchant_now(place);
        if self.shared.store.delete_login(place, id, at).await? {
            Ok(())
        } else {
            Err(EngineError::Missing { what: "user" })
        }
    }

    /// A user lets an application in, and proves who it is: the code that its browser carries there. The application acts on
    /// the account that the user is of.
    pub async fn authorize(
        &self,
        client: &Application,
        (redirect, asked): (&RedirectUri, Asked),
        (address, password): (&str, Secret),
    ) -> Result<Secret, NotIn> {
        let login = self.log_in(client.mode, address, password).await?;
        let shared = &self.shared;
        shared.meet_merchant(login.merchant).await?;
        let family = Family {
            id: shared.entropy.bytes(),
            application: client.id,
            place: (login.merchant, login.mode),
            subject: Some(login.id.as_i64()),
            scopes: asked.scopes,
        };
        let (code, mut new) = shared.new_token(&family, TokenKind::Code, asked.scopes);
        let challenge = asked.challenge.as_ref().map(Challenge::text);
        let bound = Bound { redirect: redirect.as_str().to_owned(), challenge };
        new.bound = serde_json::to_string(&bound).ok();
        shared.store.issue(family, vec![new]).await.map_err(EngineError::from)?;
        Ok(code)
    }

    async fn log_in(&self, mode: Mode, address: &str, password: Secret) -> Result<Login, NotIn> {
        let shared = &self.shared;
        let now = shared.clock.now();
        let since = now.checked_sub(TRIES_WITHIN).unwrap_or(now);
        let found = match email(address) {
            Ok(email) => shared.store.try_login(mode, email, now, since).await,
            Err(_) => Ok(None),
        };
        let found = found.map_err(EngineError::from)?;
        if found.as_ref().is_some_and(|login| login.tries > TRIES_MAX) {
            return Err(NotIn::TooOften);
        }
        let kept = found.as_ref().map(|login| login.password.as_slice());
        let right = shared.passwords.is(&shared.pepper, password, kept).await;
        let login = found.filter(|_| right.is_ok_and(|right| right)).ok_or(NotIn::Wrong)?;
        shared.store.logged_in(login.id).await.map_err(EngineError::from)?;
        Ok(login)
    }

    /// `authorization_code`: tokens for a code, once. Who brings it a second time ends all that it brought.
    pub async fn exchange(
        &self,
        client: &Application,
        code: &str,
        redirect: Option<&str>,
        verifier: Option<&str>,
    ) -> Result<Given, OauthError> {
        let shared = &self.shared;
        let bad = || Fault::InvalidGrant.because("this code is not good (any more)");
        let (hash, found) = shared.token(code).await?.ok_or_else(bad)?;
        if found.kind != TokenKind::Code || found.family.application != client.id {
            return Err(bad().into());
        }
        shared.meet_merchant(found.family.place.0).await?;
        let now = shared.merchant_now(found.family.place);
        if found.spent.is_none() {
            if now >= found.expires {
                return Err(Fault::InvalidGrant.because("this code has expired").into());
            }
            let bound = found.bound.as_deref().and_then(|text| serde_json::from_str(text).ok());
            if !bound.is_some_and(|bound: Bound| bound.is_met(redirect, verifier)) {
                let what =
                    "`redirect_uri` or `code_verifier` is not what the code was asked for with";
                return Err(Fault::InvalidGrant.because(what).into());
            }
        }
        let scopes = found.family.scopes;
        let (access, first) = shared.new_token(&found.family, TokenKind::Access, scopes);
        let (refresh, second) = shared.new_token(&found.family, TokenKind::Refresh, scopes);
        match shared.store.redeem(hash, now, vec![first, second]).await? {
            Redeemed::Now => Ok(Given { access, refresh: Some(refresh), scopes }),
            Redeemed::Again => {
                let what = "this code was used before: whatever came of it is revoked";
                Err(Fault::InvalidGrant.because(what).into())
            }
            Redeemed::Gone => Err(bad().into()),
        }
    }
}
