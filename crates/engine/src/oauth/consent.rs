//! Users let applications in: who they are, what they let happen, and the code that their browser carries.

use posthorn_core::event::Mode;
use posthorn_core::id::{LoginId, MerchantId};
use posthorn_core::oauth::{
    Application, Asked, Challenge, Fault, LOGINS_MAX, Login, RedirectUri, TokenKind,
    check_password, email, is_proven,
};
use posthorn_core::secret::{Secret, constant_time_eq};
use posthorn_store::{Done, Family, NewLogin, Page, Redeemed, StoreError};
use serde::{Deserialize, Serialize};

use super::tokens::{Given, OauthError};
use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::passwords::{For, NotHashed, salt};
use crate::settings::refuse;
use crate::shared::Shared;

/// Accounts that one address can have users of, at most, and be let in.
const ACCOUNTS_MAX: u32 = 100;

/// What a user lets happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Where the code is sent.
    pub redirect: RedirectUri,
    /// Whether the request named that place: whoever brings the code must name it again then.
    pub named: bool,
    /// What it is asked.
    pub asked: Asked,
    /// On which account, where the user has several and said so.
    pub account: Option<MerchantId>,
}

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum NotIn {
    /// No such user, or another password: nobody learns which.
    #[error("the e-mail address or the password is wrong")]
    Wrong,
    /// The password is right on several accounts: which is meant?
    #[error("the user has several accounts")]
    Several(Vec<(MerchantId, String)>),
    /// It could not be looked up.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<StoreError> for NotIn {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

/// What a code is tied to.
#[derive(Serialize, Deserialize)]
struct Bound {
    redirect: String,
    /// Whether whoever brings the code must say so (RFC 6749, section 4.1.3).
    named: bool,
    challenge: Option<String>,
}

impl Bound {
    fn is_met(&self, redirect: Option<&str>, verifier: Option<&str>) -> bool {
        let read = |text| Challenge::read(text, Some("S256"));
        let Ok(challenge) = self.challenge.as_deref().map(read).transpose() else { return false };
        let back = redirect.map_or(!self.named, |redirect| redirect == self.redirect);
        back && is_proven(challenge.as_ref(), verifier)
    }
}

impl Shared {
    /// A password of whoever has this address.
    pub(super) async fn hashed(
        &self,
        who: For,
        (mode, email): (Mode, &str),
        password: Secret,
    ) -> Result<Vec<u8>, EngineError> {
        let salted = (password, salt(&self.pepper, mode, email));
        let hashed = self.passwords.hash(who, &self.pepper, salted).await;
        if hashed == Err(NotHashed::Busy) {
            self.metrics.bound_met("passwords");
        }
        Ok(hashed?)
    }
}

impl Engine {
    /// Registers a user of a merchant's account; one without a password sets it itself (`invite`). Answers its id, and whether the same
    /// request had registered it before: with the same key and address, for no password is kept to be compared with.
    pub async fn create_login(
        &self,
        caller: Caller,
        place: (MerchantId, Mode),
        (address, password): (&str, Option<Secret>),
        request: Option<&RequestKey>,
    ) -> Result<Done<LoginId>, EngineError> {
        let shared = &self.shared;
        let email = match email(address) {
            Ok(email) => email,
            Err(bad) => return refuse("email", bad.to_string()),
        };
        let request = request.map(|key| key.about(&shared.pepper, &format!("login {email}")));
        let (once, _held) = shared.once(caller, request.as_ref())?;
        if let Some(id) = shared.used(once).await? {
            return Ok(Done::Before(LoginId::from_i64(id)));
        }
        let password = match password {
            None => Vec::new(),
            Some(password) => {
                if let Err(bad) = check_password(password.expose()) {
                    return refuse("password", bad.to_string());
                }
                shared.hashed(For::Merchant, (place.1, &email), password).await?
            }
        };
        let new = NewLogin { place, email, password, created: shared.clock.now() };
        let what = match shared.store.create_login(new, once).await {
            Err(StoreError::Taken { .. }) => {
                "there is a user with this `email` in this mode".to_owned()
            }
            Err(StoreError::TooMany { .. }) => {
                format!("there are {LOGINS_MAX} users in this mode, the most that is allowed")
            }
            done => return Ok(done?),
        };
        Err(EngineError::Conflict { what })
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
        consent: &Consent,
        login: (&str, Secret),
    ) -> Result<Secret, NotIn> {
        let login = self.log_in(client.mode, login, consent.account).await?;
        let shared = &self.shared;
        shared.meet_merchant(login.merchant).await?;
        let asked = consent.asked;
        let family = Family {
            id: shared.entropy.bytes(),
            application: client.id,
            place: (login.merchant, login.mode),
            subject: Some(login.id.as_i64()),
            scopes: asked.scopes,
        };
        let (code, mut new) = shared.new_token(&family, TokenKind::Code, asked.scopes);
        let bound = Bound {
            redirect: consent.redirect.as_str().to_owned(),
            named: consent.named,
            challenge: asked.challenge.as_ref().map(Challenge::text),
        };
        new.bound = serde_json::to_string(&bound).ok();
        // The user may have been deleted while its password was hashed.
        let there =
            shared.store.issue(family, vec![new], shared.merchant_now(family.place)).await?;
        if there { Ok(code) } else { Err(NotIn::Wrong) }
    }

    /// Whose address and password these are, on every account. Nobody's are as much work as somebody's: one look, one hash, and
    /// nothing written.
    pub(super) async fn who(
        &self,
        mode: Mode,
        (address, password): (&str, Secret),
    ) -> Result<(String, Vec<Login>), NotIn> {
        let shared = &self.shared;
        let email = email(address).unwrap_or_default();
        let found = shared.store.logins_by_email(mode, email.clone(), ACCOUNTS_MAX).await?;
        let hash = shared.hashed(For::Stranger, (mode, &email), password).await?;
        let right = found.into_iter().filter(|login| constant_time_eq(&login.password, &hash));
        Ok((email, right.collect()))
    }

    /// Whose address and password these are, on the account that is meant.
    async fn log_in(
        &self,
        mode: Mode,
        login: (&str, Secret),
        account: Option<MerchantId>,
    ) -> Result<Login, NotIn> {
        let (_, right) = self.who(mode, login).await?;
        let meant = |login: &Login| account.is_none_or(|account| account == login.merchant);
        let mut right: Vec<Login> = right.into_iter().filter(meant).collect();
        let last = right.pop().ok_or(NotIn::Wrong)?;
        if right.is_empty() {
            return Ok(last);
        }
        right.push(last);
        let mut several = Vec::new();
        for Login { merchant, .. } in right {
            several.push((merchant, self.merchant(merchant).await?.name.clone()));
        }
        Err(NotIn::Several(several))
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
