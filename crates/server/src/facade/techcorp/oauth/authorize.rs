//! `/v1/auth/oauth/authorize`: where a user lets an application in (RFC 6749, section 4.1).
//!
//! The page asks for the user's password each time, and there is no session and no cookie: another site can send a browser
//! here, but nothing that the browser brings along by itself lets anybody in (CSRF).
//!
//! Nobody is sent anywhere before he has pressed a button on this page: whoever registers an application could otherwise have a link of
//! ours lead to any address of its own (RFC 9700, section 4.11.2). So what is wrong with a request is said on a page, with a
//! link that tells the application. To say no is to press a button: there the browser goes back by itself, with
//! `access_denied`, as an honest application needs it and a link cannot bring about.

use axum::extract::{FromRequestParts, OriginalUri, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use posthorn_core::id::MerchantId;
use posthorn_core::oauth::{
    self, Application, Asked, ClientKind, Fault, RedirectUri, Refusal, Wanted, redirect,
};
use posthorn_core::secret::Secret;
use posthorn_engine::{Consent, NotIn};
use url::Url;

use super::fault::Refused;
use super::form::{Form, Pairs};
use super::metadata::issuer;
use super::page::{Ask, Words, asks, refuses, tells};
use crate::address::Address;
use crate::app::App;
use crate::base::Base;
use crate::problem::{Code, Problem, left_with};

/// Where the browser asks, and what it is told in.
pub(super) struct Visit {
    issuer: String,
    pub(super) words: &'static Words,
}

impl FromRequestParts<App> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let base = Base::from_request_parts(parts, app).await?;
        let OriginalUri(asked) = OriginalUri::from_request_parts(parts, app).await?;
        let mount = asked.path().strip_suffix(parts.uri.path()).unwrap_or_default();
        let language = parts.headers.get(header::ACCEPT_LANGUAGE);
        let language = language.and_then(|value| value.to_str().ok());
        Ok(Self { issuer: issuer(app, &base, mount), words: Words::choose(language) })
    }
}

impl Visit {
    /// The way back to the application, with what it is to be told, its own `state` and who says it (RFC 9207).
    fn way_back(&self, to: &RedirectUri, pairs: &Pairs, told: &[(&str, &str)]) -> Option<Url> {
        let mut url = Url::parse(to.as_str()).ok()?;
        url.query_pairs_mut()
            .extend_pairs(told)
            .extend_pairs(pairs.get("state").map(|state| ("state", state)))
            .append_pair("iss", &self.issuer);
        Some(url)
    }

    /// Sends the browser there.
    fn back(&self, to: &RedirectUri, pairs: &Pairs, told: &[(&str, &str)]) -> Response {
        let place = self.way_back(to, pairs, told);
        let place = place.and_then(|url| HeaderValue::from_str(url.as_str()).ok());
        let Some(place) = place else { return self.unfit() };
        let kept = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
        let mut response = (StatusCode::SEE_OTHER, kept).into_response();
        response.headers_mut().insert(header::LOCATION, place);
        response
    }

    /// Says what is wrong, and leaves it to the user to go back.
    fn refuses(&self, to: &RedirectUri, pairs: &Pairs, refusal: &Refusal) -> Response {
        let what = refusal.described();
        let told = [("error", refusal.fault.name()), ("error_description", what.as_str())];
        let way = self.way_back(to, pairs, &told);
        way.map_or_else(|| self.unfit(), |way| refuses(self.words, refusal, &way))
    }

    /// There is no such application, or nowhere to go back to.
    fn unfit(&self) -> Response {
        tells(StatusCode::BAD_REQUEST, self.words, self.words.unfit)
    }

    /// What has nothing to do with what was asked: said in the user's language, counted and logged like any other problem.
    pub(super) fn not_now(&self, problem: Problem) -> Response {
        let theirs = [Code::TooLarge, Code::MalformedJson].contains(&problem.code);
        let what = if problem.code == Code::WrongMode {
            self.words.elsewhere
        } else if theirs {
            self.words.unfit
        } else {
            self.words.not_now
        };
        put_off(tells(problem.code.status(), self.words, what), problem)
    }
}

/// A page beside its problem.
pub(super) fn put_off(mut page: Response, problem: Problem) -> Response {
    if let Some(seconds) = problem.retry_after_s {
        page.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    left_with(&mut page, Some(Box::new(problem)));
    page
}

/// An application that is good, and good at this host, and where its users go back to.
async fn client(
    app: &App,
    parts: &Parts,
    pairs: &Pairs,
) -> Result<(Application, RedirectUri), Option<Problem>> {
    let name = pairs.get("client_id").ok_or(None)?;
    let client =
        app.engine().client_named(name).await.map_err(|error| match Refused::from(error) {
            Refused::Told(_) => None,
            Refused::Other(problem) => Some(problem),
        })?;
    app.admit(parts, client.mode).map_err(Some)?;
    let to = redirect(&client.redirects, pairs.get("redirect_uri")).ok_or(None)?;
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

fn ask<'a>(
    client: &'a Application,
    to: &'a RedirectUri,
    pairs: &'a Pairs,
    asked: Asked,
) -> Ask<'a> {
    Ask { name: &client.name, to, scopes: asked.scopes, pairs, accounts: &[] }
}

pub(super) async fn shows(State(app): State<App>, visit: Visit, parts: Parts) -> Response {
    let pairs = Pairs::read(parts.uri.query().unwrap_or_default().as_bytes());
    let Ok(pairs) = pairs else { return visit.unfit() };
    let (client, to) = match client(&app, &parts, &pairs).await {
        Ok(found) => found,
        Err(problem) => return missing(&visit, problem),
    };
    match wanted(&pairs, &client) {
        Ok(asked) => asks(StatusCode::OK, visit.words, &ask(&client, &to, &pairs, asked), None),
        Err(refusal) => visit.refuses(&to, &pairs, &refusal),
    }
}

fn missing(visit: &Visit, problem: Option<Problem>) -> Response {
    match problem {
        None => visit.unfit(),
        Some(problem) => visit.not_now(problem),
    }
}

/// The page's form: everything is looked at again, for a form is only what somebody sent.
pub(super) async fn decides(
    State(app): State<App>,
    visit: Visit,
    form: Result<Form, Refused>,
) -> Response {
    let form = match form {
        Ok(form) => form,
        Err(Refused::Told(_)) => return visit.unfit(),
        Err(Refused::Other(problem)) => return visit.not_now(problem),
    };
    let pairs = &form.pairs;
    let (client, to) = match client(&app, &form.parts, pairs).await {
        Ok(found) => found,
        Err(problem) => return missing(&visit, problem),
    };
    let asked = match wanted(pairs, &client) {
        Ok(asked) => asked,
        Err(refusal) => return visit.refuses(&to, pairs, &refusal),
    };
    if pairs.get("decision") != Some("allow") {
        let word = Fault::AccessDenied.name();
        let told = [("error", word), ("error_description", "the user said no")];
        return visit.back(&to, pairs, &told);
    }
    let ask = ask(&client, &to, pairs, asked);
    let email = pairs.get("email").unwrap_or_default();
    if let Err(wait_s) = app.tries().take(Address::of(&form.parts).counted(), client.mode, email) {
        return too_often(&app, &visit, &ask, wait_s);
    }
    let consent = consent(&to, pairs, asked);
    let password = Secret::new(pairs.get("password").unwrap_or_default().to_owned());
    match app.engine().authorize(&client, &consent, (email, password)).await {
        Ok(code) => visit.back(&to, pairs, &[("code", code.expose())]),
        Err(not_in) => again(&visit, ask, not_in),
    }
}

fn consent(to: &RedirectUri, pairs: &Pairs, asked: Asked) -> Consent {
    let account = pairs.get("account").and_then(|id| id.parse::<MerchantId>().ok());
    let named = pairs.get("redirect_uri").is_some();
    Consent { redirect: to.clone(), named, asked, account }
}

fn too_often(app: &App, visit: &Visit, ask: &Ask<'_>, wait_s: u32) -> Response {
    app.engine().bound_met("password_tries");
    let what = format!("too many tries at passwords; try again in {wait_s} s");
    let problem = Problem::new(Code::RateLimited, what).retry_after(wait_s);
    let page = asks(problem.code.status(), visit.words, ask, Some(visit.words.too_often));
    put_off(page, problem)
}

/// The page once more. A wrong password is no 401, which HTTP lets nobody say without a scheme to authenticate by (RFC 9110,
/// section 15.5.2): a browser would ask for another password than ours. 403 says what is: understood, and refused.
fn again(visit: &Visit, ask: Ask<'_>, not_in: NotIn) -> Response {
    let words = visit.words;
    match not_in {
        NotIn::Wrong => asks(StatusCode::FORBIDDEN, words, &ask, Some(words.wrong)),
        NotIn::Several(accounts) => {
            let ask = Ask { accounts: &accounts, ..ask };
            asks(StatusCode::OK, words, &ask, Some(words.several))
        }
        NotIn::Engine(error) => visit.not_now(error.into()),
    }
}
