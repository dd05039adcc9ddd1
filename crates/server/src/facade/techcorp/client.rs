//! Who calls TechCorp's API: a merchant of its contract, by one of its keys; a program that was given an access token (RFC 6750); or a
//! page of its merchant's, by the key that may stand there.

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_core::oauth::is_access_token;
use posthorn_engine::{BadToken, By, Caller};

use super::CONTRACT;
use crate::app::App;
use crate::auth::{AsMerchant, page_caller};
use crate::facade::admission::{admit, admit_page, admit_stranger, known};
use crate::problem::{Code, Problem};

/// When to try again after tokens could not be looked up, in seconds.
const UNAVAILABLE_RETRY_S: u32 = 1;

/// A merchant of TechCorp's contract, by `Authorization: Bearer …`.
pub(super) struct Client(pub(super) AsMerchant);

impl FromRequestParts<App> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let known = match access_token(parts) {
            Some(token) => by_token(app, token, parts.method.as_str()).await,
            None => AsMerchant::from_request_parts(parts, app).await,
        };
        let merchant = match known {
            Ok(merchant) => merchant,
            Err(problem) if problem.code == Code::Unavailable => return Err(problem),
            // Whoever has no good key or token is a stranger.
            Err(problem) => {
                return Err(admit_stranger(app, parts, CONTRACT).err().unwrap_or(problem));
            }
        };
        admit(app, parts, merchant.caller, CONTRACT).await?;
        Ok(Self(merchant))
    }
}

/// Lets a program in that is known by something else than an access token: as its merchant would be let in.
pub(super) async fn admit_program(
    app: &App,
    parts: &Parts,
    program: Caller,
) -> Result<(), Problem> {
    admit(app, parts, program, CONTRACT).await
}

/// Lets whoever names a program in, without a proof: as often as its address may ask, so that it uses up nothing of that program's.
pub(super) async fn admit_unproven(
    app: &App,
    parts: &Parts,
    program: Caller,
) -> Result<(), Problem> {
    admit_stranger(app, parts, CONTRACT)?;
    known(app, parts, program, CONTRACT).await.map(drop)
}

/// What is sent as an access token, and as no key.
fn access_token(parts: &Parts) -> Option<&str> {
    let (scheme, token) = parts.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && is_access_token(token)).then_some(token)
}

async fn by_token(app: &App, token: &str, method: &str) -> Result<AsMerchant, Problem> {
    let bearer = app.engine().bearer(token).await.map_err(|bad| {
        let what = bad.to_string();
        match bad {
            BadToken::Unknown | BadToken::Expired(_) | BadToken::Revoked => {
                Problem::new(Code::InvalidToken, what)
            }
            BadToken::Unavailable => {
                Problem::new(Code::Unavailable, what).retry_after(UNAVAILABLE_RETRY_S)
            }
        }
    })?;
    if let Some(word) = bearer.scopes.lacks(method) {
        let what = format!("this access token is without the scope `{word}`, which {method} needs");
        return Err(Problem::new(Code::InsufficientScope, what));
    }
    let (id, mode) = bearer.place;
    let caller = Caller::Merchant { id, mode, by: By::Program(bearer.application) };
    Ok(AsMerchant { id, mode, caller })
}

/// A payer's browser, by its merchant's publishable key; or that merchant itself. What strangers do with a key that everybody
/// reads does not count as the merchant's own requests (they could use them up), but as those of their address.
pub(super) struct Page(pub(super) (MerchantId, Mode));

impl FromRequestParts<App> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        admit_page(app, parts, CONTRACT)?;
        let caller = page_caller(parts, app).await?;
        let (id, mode, _) = known(app, parts, caller, CONTRACT).await?;
        Ok(Self((id, mode)))
    }
}
