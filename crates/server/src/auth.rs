//! Who is calling: `Authorization: Bearer <key>`, and which keys are good where.
//!
//! The operator's admin key is good for `/v1/merchants` and what is below it; a merchant's API key,
//! which also says the mode, for everything that is the merchant's own. Contracts are for both. A publishable key may stand in a
//! page, where everybody reads it; it is good for making card tokens alone.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_engine::Caller;

use crate::app::App;
use crate::noted::Noted;
use crate::problem::{Code, Problem};

/// The longest key that is looked at.
const KEY_BYTES_MAX: usize = 512;

/// A merchant, in the mode of its key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AsMerchant {
    pub(crate) id: MerchantId,
    pub(crate) mode: Mode,
    pub(crate) caller: Caller,
}

impl AsMerchant {
    pub(crate) fn place(&self) -> (MerchantId, Mode) {
        (self.id, self.mode)
    }
}

/// The operator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AsOperator;

/// Anybody with a good key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AsAnyone(pub(crate) Caller);

impl FromRequestParts<App> for AsMerchant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match caller(parts, app).await? {
            caller @ Caller::Merchant { id, mode, .. } => Ok(Self { id, mode, caller }),
            Caller::Operator => {
                let detail = "this is a merchant's own; use one of its keys (`sk_test_…` or \
                              `sk_live_…`), not the admin key";
                Err(Problem::new(Code::WrongKey, detail))
            }
        }
    }
}

impl FromRequestParts<App> for AsOperator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match caller(parts, app).await? {
            Caller::Operator => Ok(Self),
            Caller::Merchant { .. } => {
                let detail = "this is the operator's; use the admin key, not a merchant's";
                Err(Problem::new(Code::WrongKey, detail))
            }
        }
    }
}

impl FromRequestParts<App> for AsAnyone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        caller(parts, app).await.map(Self)
    }
}

/// Whoever calls, with a good key or without: so that a merchant finds in the history what it called and is not there.
pub(crate) struct WhoeverCalls;

impl FromRequestParts<App> for WhoeverCalls {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        if Noted::of(&parts.extensions).is_some() {
            let _noted_if_known = caller(parts, app).await;
        }
        Ok(Self)
    }
}

async fn caller(parts: &Parts, app: &App) -> Result<Caller, Problem> {
    at_its_host(parts, app, app.engine().authenticate(bearer(parts)?).await?)
}

/// Whoever calls where pages call too, with a publishable key.
pub(crate) async fn page_caller(parts: &Parts, app: &App) -> Result<Caller, Problem> {
    at_its_host(parts, app, app.engine().authenticate_page(bearer(parts)?).await?)
}

/// Lets a merchant in where its mode is at home.
fn at_its_host(parts: &Parts, app: &App, caller: Caller) -> Result<Caller, Problem> {
    Noted::caller(&parts.extensions, caller);
    if let Caller::Merchant { mode, .. } = caller {
        app.admit(parts, mode)?;
    }
    Ok(caller)
}

/// The key of a request.
fn bearer(parts: &Parts) -> Result<&str, Problem> {
    let missing = || {
        let detail = "the request has no key; send `Authorization: Bearer <key>` with a key such \
                      as `sk_test_…`";
        Problem::new(Code::Unauthenticated, detail)
    };
    let header = parts.headers.get(AUTHORIZATION).ok_or_else(missing)?;
    let unknown = || Problem::from(posthorn_engine::Unauthorized::Unknown);
    let text = header.to_str().map_err(|_| unknown())?;
    let (scheme, key) = text.split_once(' ').ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    let key = key.trim();
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        return Err(unknown());
    }
    Ok(key)
}
