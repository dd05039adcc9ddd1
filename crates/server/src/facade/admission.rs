//! What every façade asks of a request before it does anything: a key of a merchant that speaks its contract, and that the
//! merchant has not asked too often in this mode, with whichever of its keys.

use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts;
use posthorn_engine::Caller;

use crate::app::App;
use crate::problem::{Code, Problem};
use crate::ratelimit::Usage;

/// What the merchant that a request comes from has left, once it is known.
#[derive(Clone, Default)]
struct Used(Arc<OnceLock<Usage>>);

/// Carries a request out; whatever is answered says what its merchant has left.
pub(super) async fn with_usage(mut request: Request, next: Next) -> Response {
    let used = Used::default();
    request.extensions_mut().insert(used.clone());
    let mut response = next.run(request).await;
    if let Some(usage) = used.0.get() {
        usage.write(response.headers_mut());
    }
    response
}

/// Lets a merchant in: if it speaks this façade's contract, and as often as that allows it.
pub(super) async fn admit(
    app: &App,
    parts: &Parts,
    caller: Caller,
    contract: &str,
) -> Result<(), Problem> {
    let engine = app.engine();
    let Caller::Merchant { id, mode, .. } = caller else {
        let what = "this is a merchant's own; use one of its keys, not the admin key";
        return Err(Problem::new(Code::WrongKey, what));
    };
    // A token and a pair of keys come here without having passed `crate::auth`.
    app.admit(parts, mode)?;
    let spoken = engine.merchant(id).await?.contract.clone();
    if spoken != contract {
        let what = format!("this merchant speaks contract `{spoken}`; use that one's API");
        return Err(Problem::new(Code::WrongKey, what));
    }
    let limits = engine.contract_of(id)?.limits;
    let Some(limit) = limits.requests_per_minute else { return Ok(()) };
    let usage = app.rate_limits().take(engine, (id, mode), limit);
    if let Some(used) = parts.extensions.get::<Used>() {
        let _written_before = used.0.set(usage);
    }
    match usage.wait_s {
        None => Ok(()),
        Some(wait_s) => {
            engine.bound_met("requests_per_minute");
            let what = format!("more than {limit} requests a minute; try again in {wait_s} s");
            Err(Problem::new(Code::RateLimited, what).retry_after(wait_s))
        }
    }
}
