//! Applications and tokens as rows.

use posthorn_core::id::{ApplicationId, MerchantId};
use posthorn_core::oauth::{Application, ClientKind, RedirectUri, Scopes, TokenKind};

use super::{Place, mode};
use crate::{Family, StoreError, Token};

/// A row of `applications`.
#[derive(Debug)]
pub(crate) struct ApplicationRow {
    pub(crate) id: i64,
    pub(crate) merchant: i64,
    pub(crate) mode: i64,
    pub(crate) client: String,
    pub(crate) name: String,
    pub(crate) kind: i64,
    pub(crate) redirects: String,
    pub(crate) hint: Option<String>,
    pub(crate) secret: Option<Vec<u8>>,
    pub(crate) created: i64,
    pub(crate) deleted: Option<i64>,
}

/// A row of `tokens`, with what its grant and its application say of it.
#[derive(Debug)]
pub(crate) struct TokenRow {
    pub(crate) kind: i64,
    pub(crate) scopes: i64,
    pub(crate) expires: i64,
    pub(crate) spent: Option<i64>,
    pub(crate) bound: Option<String>,
    pub(crate) family: Vec<u8>,
    pub(crate) application: i64,
    pub(crate) merchant: i64,
    pub(crate) mode: i64,
    pub(crate) subject: Option<i64>,
    pub(crate) over: bool,
}

impl ApplicationRow {
    pub(crate) fn read(self) -> Result<Application, StoreError> {
        let place = Place { table: "applications", row: self.id };
        let kinds = [ClientKind::Confidential, ClientKind::Public];
        let kind = kinds.into_iter().find(|kind| client_code(*kind) == self.kind);
        let redirects: Vec<String> =
            serde_json::from_str(&self.redirects).map_err(|_| place.corrupt("redirects"))?;
        let secret = self.secret.map(|hash| hash.try_into().map_err(|_| place.corrupt("secret")));
        Ok(Application {
            id: ApplicationId::from_i64(self.id),
            merchant: MerchantId::from_i64(self.merchant),
            mode: mode(place, self.mode)?,
            client: self.client,
            name: self.name,
            kind: kind.ok_or_else(|| place.corrupt("kind"))?,
            redirects: redirects.into_iter().map(RedirectUri::from_record).collect(),
            hint: self.hint,
            secret: secret.transpose()?,
            created: place.time("created", self.created)?,
            deleted: place.maybe_time("deleted", self.deleted)?,
        })
    }
}

impl TokenRow {
    pub(crate) fn read(self) -> Result<Token, StoreError> {
        let place = Place { table: "tokens", row: self.application };
        let kind = TokenKind::ALL.into_iter().find(|kind| *kind as i64 == self.kind);
        let family = Family {
            id: self.family.try_into().map_err(|_| place.corrupt("family"))?,
            application: ApplicationId::from_i64(self.application),
            place: (MerchantId::from_i64(self.merchant), mode(place, self.mode)?),
            subject: self.subject,
            scopes: scopes(place, self.scopes)?,
        };
        Ok(Token {
            kind: kind.ok_or_else(|| place.corrupt("kind"))?,
            family,
            expires: place.time("expires", self.expires)?,
            spent: place.maybe_time("spent", self.spent)?,
            over: self.over,
            bound: self.bound,
        })
    }
}

/// The stored number of a kind of application; never renumber.
pub(crate) fn client_code(kind: ClientKind) -> i64 {
    match kind {
        ClientKind::Confidential => 1,
        ClientKind::Public => 2,
    }
}

/// Redirect URIs as they are stored: JSON.
pub(crate) fn redirects_text(redirects: &[RedirectUri]) -> String {
    let all: Vec<_> = redirects.iter().map(RedirectUri::as_str).collect();
    serde_json::to_string(&all).unwrap_or_default()
}

/// Scopes as they are stored: 1 read, 2 write, 3 both.
pub(crate) fn scopes_code(scopes: Scopes) -> i64 {
    i64::from(scopes.read) + 2 * i64::from(scopes.write)
}

pub(crate) fn scopes(place: Place, code: i64) -> Result<Scopes, StoreError> {
    if !(0..=3).contains(&code) {
        return Err(place.corrupt("scopes"));
    }
    Ok(Scopes { read: code & 1 != 0, write: code & 2 != 0 })
}
