//! `/v1/auth/oauth/authorize`: where a user lets an application in (RFC 6749, section 4.1).
//!
//! The page asks for the user's password each time, and there is no session and no cookie: another site can send a browser
//! here, but nothing that the browser brings along by itself lets anybody in (CSRF). Where the application or the address to
//! go back to is not good the user is told so here; nobody is sent to an address that is not registered.

use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use posthorn_core::oauth::{
    self, Application, Asked, ClientKind, Fault, RedirectUri, Refusal, Wanted, redirect,
};
use posthorn_core::secret::Secret;
use posthorn_engine::NotIn;
use url::Url;

use super::fault::Refused;
use super::form::{Form, Pairs};
use super::metadata::issuer;
use super::page::{Ask, Words, asks, tells};
use crate::app::App;
use crate::base::Base;
use crate::problem::Problem;

/// Where the browser asks, and what it is told in.
struct Visit {
    issuer: String,
    words: &'static Words,
}

impl Visit {
    fn of(app: &App, base: &Base, (asked, inner): (&Uri, &Uri), headers: &HeaderMap) -> Self {
        let mount = asked.path().strip_suffix(inner.path()).unwrap_or_default();
        let language = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self { issuer: issuer(app, base, mount), words: Words::choose(language) }
    }

    /// Back to the application, with what it is to be told, its own `state` and who says it (RFC 9207).
    fn back(&self, to: &RedirectUri, pairs: &Pairs, told: &[(&str, &str)]) -> Response {
        let Ok(mut url) = Url::parse(to.as_str()) else {
            return tells(StatusCode::BAD_REQUEST, self.words, self.words.unfit);
        };
        url.query_pairs_mut()
            .extend_pairs(told)
            .extend_pairs(pairs.get("state").map(|state| ("state", state)))
            .append_pair("iss", &self.issuer);
        let Ok(place) = HeaderValue::from_str(url.as_str()) else {
            return tells(StatusCode::BAD_REQUEST, self.words, self.words.unfit);
        };
        let kept = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
        let mut response = (StatusCode::SEE_OTHER, kept).into_response();
        response.headers_mut().insert(header::LOCATION, place);
        response
    }

    fn refuses(&self, to: &RedirectUri, pairs: &Pairs, refusal: &Refusal) -> Response {
        let told = [("error", refusal.fault.name()), ("error_description", refusal.what.as_str())];
        self.back(to, pairs, &told)
    }
}

/// An application that is good, and where its users go back to.
async fn client(app: &App, pairs: &Pairs) -> Result<(Application, RedirectUri), Option<Problem>> {
    let name = pairs.get("client_id").ok_or(None)?;
    let client =
        app.engine().client_named(name).await.map_err(|error| match Refused::from(error) {
            Refused::Told(_) => None,
            Refused::Other(problem) => Some(problem),
        })?;
    let asked = pairs.get("redirect_uri").ok_or(None)?;
    let to = redirect(&client.redirects, asked).ok_or(None)?.clone();
    Ok((client, to))
}

fn wanted(pairs: &Pairs, client: &Application) -> Result<Asked, Refusal> {
    let wanted = Wanted {
        response_type: pairs.get("response_type"),
        scope: pairs.get("scope"),
        challenge: pairs.get("code_challenge"),
        method: pairs.get("code_challenge_method"),
    };
    oauth::check(wanted, client.kind == ClientKind::Public)
}

pub(super) async fn shows(
    State(app): State<App>,
    base: Base,
    OriginalUri(asked): OriginalUri,
    inner: Uri,
    headers: HeaderMap,
) -> Response {
    let visit = Visit::of(&app, &base, (&asked, &inner), &headers);
    let pairs = Pairs::read(inner.query().unwrap_or_default().as_bytes());
    let Ok(pairs) = pairs else { return missing(&visit, None) };
    let (client, to) = match client(&app, &pairs).await {
        Ok(found) => found,
        Err(problem) => return missing(&visit, problem),
    };
    match wanted(&pairs, &client) {
        Ok(asked) => asks(StatusCode::OK, visit.words, &ask(&client, &to, &pairs, asked), None),
        Err(refusal) => visit.refuses(&to, &pairs, &refusal),
    }
}

fn ask<'a>(
    client: &'a Application,
    to: &'a RedirectUri,
    pairs: &'a Pairs,
    asked: Asked,
) -> Ask<'a> {
    Ask { name: &client.name, to: to.as_str(), scopes: asked.scopes, pairs }
}

/// There is no such application, or nowhere to go back to.
fn missing(visit: &Visit, problem: Option<Problem>) -> Response {
    match problem {
        None => tells(StatusCode::BAD_REQUEST, visit.words, visit.words.unfit),
        Some(problem) => {
            let mut page = tells(problem.code.status(), visit.words, visit.words.not_now);
            crate::problem::left_with(&mut page, Some(Box::new(problem)));
            page
        }
    }
}

/// The page's form: everything is looked at again, for a form is only what somebody sent.
pub(super) async fn decides(
    State(app): State<App>,
    base: Base,
    OriginalUri(asked): OriginalUri,
    form: Result<Form, Refused>,
) -> Response {
    let Ok(form) = form else {
        return tells(StatusCode::BAD_REQUEST, Words::choose(None), Words::choose(None).unfit);
    };
    let visit = Visit::of(&app, &base, (&asked, &form.parts.uri), &form.parts.headers);
    let pairs = &form.pairs;
    let (client, to) = match client(&app, pairs).await {
        Ok(found) => found,
        Err(problem) => return missing(&visit, problem),
    };
    let asked = match wanted(pairs, &client) {
        Ok(asked) => asked,
        Err(refusal) => return visit.refuses(&to, pairs, &refusal),
    };
    if pairs.get("decision") != Some("allow") {
        let refusal = Fault::AccessDenied.because("the user said no");
        return visit.refuses(&to, pairs, &refusal);
    }
    let password = Secret::new(pairs.get("password").unwrap_or_default().to_owned());
    let login = (pairs.get("email").unwrap_or_default(), password);
    match app.engine().authorize(&client, (&to, asked), login).await {
        Ok(code) => visit.back(&to, pairs, &[("code", code.expose())]),
        Err(not_in) => again(&visit, &ask(&client, &to, pairs, asked), not_in),
    }
}

fn again(visit: &Visit, ask: &Ask<'_>, not_in: NotIn) -> Response {
    match not_in {
        NotIn::Wrong => asks(StatusCode::UNAUTHORIZED, visit.words, ask, Some(visit.words.wrong)),
        NotIn::TooOften => {
            asks(StatusCode::TOO_MANY_REQUESTS, visit.words, ask, Some(visit.words.too_often))
        }
        NotIn::Engine(error) => missing(visit, Some(error.into())),
    }
}
