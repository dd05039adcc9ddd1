//! Tokens: given, changed for others, given up, asked about.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use posthorn_core::json::Json;
use posthorn_core::oauth::{ACCESS_LASTS, Fault, TokenKind};
use posthorn_engine::{Given, Introspected};
use serde::Deserialize;

use super::client_auth::client;
use super::fault::{Refused, json};
use super::form::Form;
use crate::app::App;
use crate::body::Strange;
use crate::decode;
use crate::facade::techcorp::client::admit_program;
use crate::problem::Problem;

/// The most bytes that the body with a refresh token may have.
const REFRESH_BYTES_MAX: usize = 4 * 1024;

/// "My token expired, what do I do?": the refresh token alone, as JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefreshIn {
    refresh_token: String,
}

pub(super) async fn token(
    State(app): State<App>,
    form: Result<Form, Refused>,
) -> Result<Response, Refused> {
    let form = form?;
    let way = form.need("grant_type")?;
    let client = client(&app, &form).await?;
    let (engine, scope) = (app.engine(), form.get("scope"));
    let given = match way {
        "client_credentials" => engine.client_credentials(&client, scope).await?,
        "authorization_code" => {
            let (code, redirect) = (form.need("code")?, form.get("redirect_uri"));
            engine.exchange(&client, code, redirect, form.get("code_verifier")).await?
        }
        "refresh_token" => {
            engine.refresh(Some(&client), form.need("refresh_token")?, scope).await?
        }
        _ => {
            let what = "`grant_type` must be `client_credentials`, `authorization_code` or `refresh_token`";
            return Err(Fault::UnsupportedGrantType.because(what).into());
        }
    };
    Ok(shown(&given))
}

/// The guide wins over RFC 6749: whoever has the refresh token is asked for nothing else.
pub(super) async fn refresh(
    State(app): State<App>,
    sent: Result<Strange<REFRESH_BYTES_MAX>, Problem>,
) -> Result<Response, Refused> {
    let Strange { parts, body, room: _held } = sent?;
    let RefreshIn { refresh_token } = decode::object(&body)?;
    if let Some(program) = app.engine().refreshes(&refresh_token).await? {
        admit_program(&app, &parts, program).await?;
    }
    Ok(shown(&app.engine().refresh(None, &refresh_token, None).await?))
}

pub(super) async fn revoke(
    State(app): State<App>,
    form: Result<Form, Refused>,
) -> Result<Response, Refused> {
    let form = form?;
    let client = client(&app, &form).await?;
    app.engine().revoke(&client, form.need("token")?).await?;
    Ok(json(StatusCode::OK, &Json::object::<&str>([])))
}

pub(super) async fn introspect(
    State(app): State<App>,
    form: Result<Form, Refused>,
) -> Result<Response, Refused> {
    let form = form?;
    let client = client(&app, &form).await?;
    let found = app.engine().introspect(&client, form.need("token")?).await?;
    let told = match found {
        None => Json::object([("active", Json::Bool(false))]),
        Some(Introspected { kind, scopes, expires, merchant }) => {
            let kind = match kind {
                TokenKind::Access => "Bearer",
                TokenKind::Refresh | TokenKind::Code => "refresh_token",
            };
            Json::object([
                ("active", Json::Bool(true)),
                ("scope", Json::from(scopes.to_string().as_str())),
                ("client_id", Json::from(client.client.as_str())),
                ("token_type", Json::from(kind)),
                ("exp", Json::from(expires.as_second())),
                ("sub", Json::from(merchant.to_string().as_str())),
            ])
        }
    };
    Ok(json(StatusCode::OK, &told))
}

fn shown(given: &Given) -> Response {
    let refresh = given.refresh.as_ref();
    let refresh = refresh.map(|refresh| ("refresh_token", Json::from(refresh.expose())));
    let rest = [
        ("access_token", Json::from(given.access.expose())),
        ("token_type", Json::from("Bearer")),
        ("expires_in", Json::from(ACCESS_LASTS.as_secs())),
        ("scope", Json::from(given.scopes.to_string().as_str())),
    ];
    json(StatusCode::OK, &Json::object(rest.into_iter().chain(refresh)))
}
