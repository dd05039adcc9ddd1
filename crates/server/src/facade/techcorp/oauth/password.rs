//! `/v1/auth/password`: where a user sets its password, by its merchant's invitation or by the password that it has.
//!
//! As on the page of consent there is no session and no cookie, so nothing that a browser brings along by itself sets anything.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use posthorn_core::event::Mode;
use posthorn_core::secret::Secret;
use posthorn_engine::NotSet;

use super::authorize::{Visit, put_off};
use super::fault::Refused;
use super::form::{Form, Pairs};
use super::page::{Sets, sets as page, tells};
use crate::address::Address;
use crate::app::App;
use crate::problem::{Code, Problem};

/// The mode that is meant: a page for users of the sandbox says so.
fn mode(pairs: &Pairs) -> Mode {
    match pairs.get("mode") {
        Some("test") => Mode::Test,
        _ => Mode::Live,
    }
}

pub(super) async fn shows(State(app): State<App>, visit: Visit, parts: Parts) -> Response {
    let pairs = Pairs::read(parts.uri.query().unwrap_or_default().as_bytes());
    let Ok(pairs) = pairs else { return over(&visit) };
    let Some(token) = pairs.get("token") else {
        let mode = mode(&pairs);
        return match app.admit(&parts, mode) {
            Ok(()) => page(StatusCode::OK, visit.words, Sets::Known(mode.name()), None),
            Err(problem) => visit.not_now(problem),
        };
    };
    match invited(&app, &parts, token).await {
        Ok(email) => page(StatusCode::OK, visit.words, Sets::Invited(token, &email), None),
        Err(refusal) => refused(&visit, refusal, Sets::Invited(token, "")),
    }
}

/// The address of whoever is invited, and is so at this host.
async fn invited(app: &App, parts: &Parts, token: &str) -> Result<String, Refusal> {
    let login = app.engine().invited(token).await?;
    app.admit(parts, login.mode)?;
    Ok(login.email)
}

/// Why nothing was set: by the engine, or before it was asked.
enum Refusal {
    NotSet(NotSet),
    Other(Problem),
}

impl From<NotSet> for Refusal {
    fn from(not_set: NotSet) -> Self {
        Self::NotSet(not_set)
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

pub(super) async fn sets(
    State(app): State<App>,
    visit: Visit,
    form: Result<Form, Refused>,
) -> Response {
    let form = match form {
        Ok(form) => form,
        Err(Refused::Told(_)) => return over(&visit),
        Err(Refused::Other(problem)) => return visit.not_now(problem),
    };
    let secret = |name| Secret::new(form.get(name).unwrap_or_default().to_owned());
    let (engine, new) = (app.engine(), secret("new_password"));
    if let Some(token) = form.get("token") {
        let email = match invited(&app, &form.parts, token).await {
            Ok(email) => email,
            Err(refusal) => return refused(&visit, refusal, Sets::Invited(token, "")),
        };
        return match engine.accept_invitation(token, new).await {
            Ok(()) => tells(StatusCode::OK, visit.words, visit.words.saved),
            Err(not_set) => refused(&visit, not_set.into(), Sets::Invited(token, &email)),
        };
    }
    let (mode, email) = (mode(&form.pairs), form.get("email").unwrap_or_default());
    let whose = Sets::Known(mode.name());
    if let Err(problem) = app.admit(&form.parts, mode) {
        return visit.not_now(problem);
    }
    if let Err(wait_s) = app.tries().take(Address::of(&form.parts).counted(), mode, email) {
        app.engine().bound_met("password_tries");
        let what = format!("too many tries at passwords; try again in {wait_s} s");
        let problem = Problem::new(Code::RateLimited, what).retry_after(wait_s);
        let words = visit.words;
        return put_off(page(problem.code.status(), words, whose, Some(words.too_often)), problem);
    }
    match engine.change_password((mode, email), secret("password"), new).await {
        Ok(()) => tells(StatusCode::OK, visit.words, visit.words.saved),
        Err(not_set) => refused(&visit, not_set.into(), whose),
    }
}

fn refused(visit: &Visit, refusal: Refusal, whose: Sets<'_>) -> Response {
    let words = visit.words;
    match refusal {
        Refusal::NotSet(NotSet::Over) => over(visit),
        Refusal::NotSet(NotSet::Wrong) => {
            page(StatusCode::FORBIDDEN, words, whose, Some(words.wrong))
        }
        Refusal::NotSet(NotSet::Unfit(_)) => {
            page(StatusCode::UNPROCESSABLE_ENTITY, words, whose, Some(words.short))
        }
        Refusal::NotSet(NotSet::Engine(error)) => visit.not_now(error.into()),
        Refusal::Other(problem) => visit.not_now(problem),
    }
}

/// The invitation is over, or never was.
fn over(visit: &Visit) -> Response {
    tells(StatusCode::GONE, visit.words, visit.words.link_over)
}
