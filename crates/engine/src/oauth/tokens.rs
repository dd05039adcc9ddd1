//! Who an application is, and the tokens that it is given, brings back, asks about and gives up.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::id::{ApplicationId, MerchantId};
use posthorn_core::oauth::{
    Application, ClientKind, Fault, REFRESH_LASTS, Refusal, Scopes, TokenKind, is_access_token,
};
use posthorn_core::secret::{Secret, constant_time_eq, keyed_hash};
use posthorn_store::{Family, NewToken, Redeemed, StoreError, Token};

use crate::Engine;
use crate::caller::{By, Caller};
use crate::error::EngineError;
use crate::shared::Shared;

/// Why an application was given nothing.
#[derive(Debug, thiserror::Error)]
pub enum OauthError {
    /// It may not have it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It could not be looked up.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<StoreError> for OauthError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

/// An access token that is not good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// Nobody was given it, or long ago.
    #[error("this access token is not known")]
    Unknown,
    /// Its half hour is over.
    #[error("this access token expired at {0:.0}; use the refresh token, or ask for another")]
    Expired(Timestamp),
    /// It was revoked, by itself or with what it was granted by.
    #[error("this access token was revoked")]
    Revoked,
    /// It could not be looked up.
    #[error("tokens cannot be read at the moment; try again")]
    Unavailable,
}

/// On whose account whoever brings an access token acts, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearer {
    /// Whose account.
    pub place: (MerchantId, Mode),
    /// Which program.
    pub application: ApplicationId,
    /// How far.
    pub scopes: Scopes,
}

/// What an application is given.
pub struct Given {
    /// The access token.
    pub access: Secret,
    /// What brings the next one.
    pub refresh: Option<Secret>,
    /// What the access token is good for.
    pub scopes: Scopes,
}

/// A token that is good, as its application may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introspected {
    /// What it is.
    pub kind: TokenKind,
    /// What it is good for.
    pub scopes: Scopes,
    /// When it ends, on the merchant's clock.
    pub expires: Timestamp,
    /// On whose account.
    pub merchant: MerchantId,
}

impl Shared {
    pub(super) fn merchant_now(&self, (merchant, mode): (MerchantId, Mode)) -> Timestamp {
        self.directory.now(merchant, mode, self.clock.now())
    }

    /// A new token, with 256 bits of chance.
    pub(super) fn new_token(
        &self,
        family: &Family,
        kind: TokenKind,
        scopes: Scopes,
    ) -> (Secret, NewToken) {
        let random = BASE64URL_NOPAD.encode(&self.entropy.bytes::<32>());
        let text = Secret::new(format!("{}{random}", kind.prefix(family.place.1)));
        let after = |at: Timestamp, lasts| at.saturating_add(lasts).unwrap_or(Timestamp::MAX);
        let remembered = if kind == TokenKind::Code { REFRESH_LASTS } else { kind.lasts() };
        let new = NewToken {
            hash: keyed_hash(&self.pepper, text.expose()),
            kind,
            scopes,
            expires: after(self.merchant_now(family.place), kind.lasts()),
            forget: after(self.clock.now(), remembered),
            bound: None,
        };
        (text, new)
    }

    pub(super) async fn token(&self, text: &str) -> Result<Option<([u8; 32], Token)>, StoreError> {
        let hash = keyed_hash(&self.pepper, text);
        Ok(self.store.token(hash).await?.map(|token| (hash, token)))
    }

    /// Whether a token is good at this moment.
    fn is_good(&self, token: &Token) -> bool {
        let now = self.merchant_now(token.family.place);
        !token.over && token.spent.is_none() && now < token.expires
    }
}

fn not_the_client() -> Refusal {
    Fault::InvalidClient.because("there is no such client, or its secret is another")
}

impl Engine {
    /// The application that calls itself so.
    pub async fn client_named(&self, client: &str) -> Result<Application, OauthError> {
        let found = self.shared.store.application_by_client(client.to_owned()).await?;
        let found = found.filter(|one| one.deleted.is_none()).ok_or_else(not_the_client)?;
        self.shared.meet_merchant(found.merchant).await?;
        Ok(found)
    }

    /// The application that calls itself so, with the secret that it has if it has one.
    pub async fn client(
        &self,
        client: &str,
        secret: Option<&str>,
    ) -> Result<Application, OauthError> {
        let shared = &self.shared;
        let found = self.client_named(client).await?;
        let proven = match (found.kind, &found.secret, secret) {
            (ClientKind::Confidential, Some(hash), Some(secret)) => {
                constant_time_eq(hash, &keyed_hash(&shared.pepper, secret))
            }
            (ClientKind::Public, None, None) => true,
            (ClientKind::Confidential | ClientKind::Public, _, _) => false,
        };
        if !proven {
            return Err(not_the_client().into());
        }
        Ok(found)
    }

    /// `client_credentials`: an access token for the application itself, and no refresh token, for it has its secret
    /// (RFC 6749, section 4.4.3).
    pub async fn client_credentials(
        &self,
        client: &Application,
        scope: Option<&str>,
    ) -> Result<Given, OauthError> {
        if client.kind == ClientKind::Public {
            let what = "a public application cannot prove who it is; it acts for its users only";
            return Err(Fault::UnauthorizedClient.because(what).into());
        }
        let scopes = read_scopes(scope, Scopes::ALL)?;
        let family = Family {
            id: self.shared.entropy.bytes(),
            application: client.id,
            place: (client.merchant, client.mode),
            subject: None,
            scopes,
        };
        let (access, new) = self.shared.new_token(&family, TokenKind::Access, scopes);
        let now = self.shared.merchant_now(family.place);
        let _without_a_user = self.shared.store.issue(family, vec![new], now).await?;
        Ok(Given { access, refresh: None, scopes })
    }

    /// `refresh_token`: another access token, and another refresh token for the one that was brought. Each lasts its whole time
    /// from then on. One that was used before ends all that its grant ever brought, since one of the two who have it is a thief.
    /// `client` is who asks, where it says so.
    pub async fn refresh(
        &self,
        client: Option<&Application>,
        token: &str,
        scope: Option<&str>,
    ) -> Result<Given, OauthError> {
        let shared = &self.shared;
        let bad = || Fault::InvalidGrant.because("this refresh token is not good (any more)");
        let (hash, found) = shared.token(token).await?.ok_or_else(bad)?;
        let theirs = client.is_none_or(|client| client.id == found.family.application);
        if found.kind != TokenKind::Refresh || !theirs {
            return Err(bad().into());
        }
        shared.meet_merchant(found.family.place.0).await?;
        let now = shared.merchant_now(found.family.place);
        if found.spent.is_none() && now >= found.expires {
            return Err(Fault::InvalidGrant.because("this refresh token has expired").into());
        }
        let granted = found.family.scopes;
        let scopes = read_scopes(scope, granted)?;
        let (access, first) = shared.new_token(&found.family, TokenKind::Access, scopes);
        let (refresh, second) = shared.new_token(&found.family, TokenKind::Refresh, granted);
        match shared.store.redeem(hash, now, vec![first, second]).await? {
            Redeemed::Now => Ok(Given { access, refresh: Some(refresh), scopes }),
            Redeemed::Again => {
                let what =
                    "this refresh token was used before: whatever came of its grant is revoked";
                Err(Fault::InvalidGrant.because(what).into())
            }
            Redeemed::Gone => Err(bad().into()),
        }
    }

    /// On whose account a refresh token is, if it is one and good. One that was used, revoked or has expired proves nothing: whoever
    /// has it is not the program's own.
    pub async fn refreshes(&self, token: &str) -> Result<Option<Caller>, EngineError> {
        let found = self.shared.token(token).await?.map(|(_, token)| token);
        let Some(found) = found.filter(|token| token.kind == TokenKind::Refresh) else {
            return Ok(None);
        };
        let Family { place: (id, mode), application, .. } = found.family;
        self.shared.meet_merchant(id).await?;
        let caller = Caller::Merchant { id, mode, by: By::Program(application) };
        Ok(self.shared.is_good(&found).then_some(caller))
    }

    /// Ends a token at its application's wish; with a refresh token all that its grant brought. One that nobody knows has ended
    /// already (RFC 7009).
    pub async fn revoke(&self, client: &Application, token: &str) -> Result<(), OauthError> {
        let shared = &self.shared;
        let Some((hash, found)) = shared.token(token).await? else { return Ok(()) };
        if found.family.application != client.id {
            let what = "this token was given to another client";
            return Err(Fault::InvalidGrant.because(what).into());
        }
        let family = match found.kind {
            TokenKind::Access => false,
            TokenKind::Refresh | TokenKind::Code => true,
        };
        let now = shared.merchant_now(found.family.place);
        shared.store.revoke_token(hash, family, now).await?;
        Ok(())
    }

    /// What a token is, if it is good and its application asks, which must prove who it is: to everybody else the answer would
    /// say which of the tokens that it found somewhere is good (RFC 7662, sections 2.1 and 4).
    pub async fn introspect(
        &self,
        client: &Application,
        token: &str,
    ) -> Result<Option<Introspected>, OauthError> {
        if client.kind == ClientKind::Public {
            let what = "a public application cannot prove who it is, and is told nothing of tokens";
            return Err(Fault::InvalidClient.because(what).into());
        }
        let found = self.shared.token(token).await?.map(|(_, token)| token);
        let found = found.filter(|token| {
            token.family.application == client.id
                && token.kind != TokenKind::Code
                && self.shared.is_good(token)
        });
        Ok(found.map(|token| Introspected {
            kind: token.kind,
            scopes: token.family.scopes,
            expires: token.expires,
            merchant: token.family.place.0,
        }))
    }

    /// Whoever brings an access token.
    pub async fn bearer(&self, text: &str) -> Result<Bearer, BadToken> {
        let shared = &self.shared;
        if !is_access_token(text) {
            return Err(BadToken::Unknown);
        }
        let found = shared.token(text).await.map_err(|_| BadToken::Unavailable)?;
        let (_, found) = found.ok_or(BadToken::Unknown)?;
        let Family { place, application, scopes, .. } = found.family;
        shared.meet_merchant(place.0).await.map_err(|_| BadToken::Unavailable)?;
        if found.over || found.spent.is_some() {
            return Err(BadToken::Revoked);
        }
        if shared.merchant_now(place) >= found.expires {
            return Err(BadToken::Expired(found.expires));
        }
        Ok(Bearer { place, application, scopes })
    }
}

fn read_scopes(text: Option<&str>, granted: Scopes) -> Result<Scopes, Refusal> {
    Scopes::read(text, granted).map_err(|bad| Fault::InvalidScope.because(bad.to_string()))
}
