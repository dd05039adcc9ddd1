//! What every façade asks of a request before it does anything: a key of a merchant that speaks its contract, and that whoever
//! sent it has not asked too often. Merchants are counted by mode and, where their contract says so, by key; whoever has no good key
//! by address.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method};
use posthorn_core::contract::{Limits, RequestClass};
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_engine::{By, Caller};
use url::form_urlencoded;

use crate::address::Address;
use crate::app::App;
use crate::edge::caught;
use crate::noted::Noted;
use crate::origins;
use crate::problem::{Code, Problem};
use crate::ratelimit::{Usage, Who};

/// What whoever a request comes from has left, once that was counted.
#[derive(Clone, Default)]
struct Used(Arc<Mutex<Option<Usage>>>);

impl Used {
    fn note(&self, usage: Usage) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.is_none_or(|noted| usage.is_less_than(noted)) {
            *noted = Some(usage);
        }
    }

    fn get(&self) -> Option<Usage> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries a request to a contract's façade out, if a stranger may send it; whatever is answered says what is left.
pub(super) async fn with_usage(
    State((app, contract)): State<(App, &'static str)>,
    mut request: Request,
    next: Next,
) -> Response {
    let used = Used::default();
    request.extensions_mut().insert(used.clone());
    // What a browser asks before it asks (CORS) is nobody's request.
    if *request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let stranger = parts.clone();
    let refused = if names_a_key(&parts.headers) {
        None
    } else {
        admit_stranger(&app, &parts, contract).err()
    };
    let mut response = match refused {
        Some(problem) => refusal(problem),
        None => caught(next.run(Request::from_parts(parts, body))).await,
    };
    if used.get().is_none()
        && let Err(problem) = admit_stranger(&app, &stranger, contract)
        && response.status().as_u16() < 500
    {
        // Its key was good for nobody: whatever it was told, it has been told too often.
        response = refusal(problem);
    }
    if let Some(usage) = used.get() {
        usage.write(response.headers_mut());
    }
    response
}

/// What a stranger is told that asked too often: of its address alone, so any page may read it that a browser there shows.
fn refusal(problem: Problem) -> Response {
    let mut response = problem.into_response();
    origins::open_to_pages(response.headers_mut());
    response
}

fn names_a_key(headers: &HeaderMap) -> bool {
    headers.contains_key(AUTHORIZATION) || headers.contains_key("x-api-key")
}

/// Lets a merchant in: if it speaks this façade's contract, and as often as that allows it, or its operator.
pub(super) async fn admit(
    app: &App,
    parts: &Parts,
    caller: Caller,
    contract: &str,
) -> Result<(), Problem> {
    let (id, mode, by) = known(app, parts, caller, contract).await?;
    let engine = app.engine();
    let (merchant, limits) = (engine.merchant(id).await?, engine.contract_of(id)?.limits);
    let limits = limits.with(merchant.rate_limits);
    let who = Who::Merchant(id, mode, limits.by_key.then_some(by));
    take(app, parts, who, limits)
}

/// Lets somebody in who has no good key, as often as this façade's contract allows an address.
pub(super) fn admit_stranger(app: &App, parts: &Parts, contract: &str) -> Result<(), Problem> {
    take_by_address(app, parts, contract, |limits| limits)
}

/// Lets a payer's browser in. What it makes is its own: a shop's payers may share an address, and are no strangers who write.
pub(super) fn admit_page(app: &App, parts: &Parts, contract: &str) -> Result<(), Problem> {
    take_by_address(app, parts, contract, |limits| Limits { writes_per_minute: None, ..limits })
}

/// Counts a request by its address, once, where the contract has a limit for that.
fn take_by_address(
    app: &App,
    parts: &Parts,
    contract: &str,
    of: fn(Limits) -> Limits,
) -> Result<(), Problem> {
    let Some(contract) = app.engine().contract_called(contract) else { return Ok(()) };
    let is_counted = parts.extensions.get::<Used>().is_some_and(|used| used.get().is_some());
    if is_counted || contract.limits.public_per_minute.is_none() {
        return Ok(());
    }
    let who = Who::Address(Address::of(parts).counted());
    take(app, parts, who, of(contract.limits))
}

fn take(app: &App, parts: &Parts, who: Who, limits: Limits) -> Result<(), Problem> {
    let classes = classes(parts, who).into_iter();
    let taken: Vec<(RequestClass, NonZeroU32)> =
        classes.filter_map(|class| Some((class, limits.of(class)?))).collect();
    let Some(usage) = app.rate_limits().take(app.engine(), who, taken) else { return Ok(()) };
    if let Some(used) = parts.extensions.get::<Used>() {
        used.note(usage);
    }
    let Some(wait_s) = usage.wait_s else { return Ok(()) };
    app.engine().bound_met(usage.class.limit_name());
    let (limit, asked) = (usage.limit, asked(usage.class));
    let what = format!("more than {limit} {asked} a minute; try again in {wait_s} s");
    Err(Problem::new(Code::RateLimited, what).retry_after(wait_s))
}

fn asked(class: RequestClass) -> &'static str {
    match class {
        RequestClass::Authenticated => "requests",
        RequestClass::Public => "requests without a key",
        RequestClass::Search => "searches",
        RequestClass::Write => "requests that change something",
    }
}

/// What a request counts as.
fn classes(parts: &Parts, who: Who) -> Vec<RequestClass> {
    let first = match who {
        Who::Merchant(..) => RequestClass::Authenticated,
        Who::Address(_) => RequestClass::Public,
    };
    let query = parts.uri.query().unwrap_or_default();
    let searches = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "q");
    let search = searches.then_some(RequestClass::Search);
    let write = (!parts.method.is_safe()).then_some(RequestClass::Write);
    [Some(first), search, write].into_iter().flatten().collect()
}

/// The merchant that calls, if it speaks this façade's contract.
pub(super) async fn known(
    app: &App,
    parts: &Parts,
    caller: Caller,
    contract: &str,
) -> Result<(MerchantId, Mode, By), Problem> {
    let Caller::Merchant { id, mode, by } = caller else {
        let what = "this is a merchant's own; use one of its keys, not the admin key";
        return Err(Problem::new(Code::WrongKey, what));
    };
    // A token and a pair of keys come here without having passed `crate::auth`.
    Noted::caller(&parts.extensions, caller);
    app.admit(parts, mode)?;
    let spoken = app.engine().merchant(id).await?.contract.clone();
    if spoken != contract {
        let what = format!("this merchant speaks contract `{spoken}`; use that one's API");
        return Err(Problem::new(Code::WrongKey, what));
    }
    Ok((id, mode, by))
}
