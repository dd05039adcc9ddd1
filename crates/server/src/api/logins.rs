//! Users of a merchant's account, who can log in and let applications in (OAuth 2).

use axum::extract::State;
use http::StatusCode;
use posthorn_core::id::LoginId;
use posthorn_core::oauth::Login;
use posthorn_core::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::Sent;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params};
use crate::problem::Problem;
use crate::time::Timestamp;

/// A user to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginIn {
    /// By what it logs in; no other user of your account in this mode has it.
    #[schema(example = "ana@loja.example")]
    email: String,
    /// 10 to 256 characters; only an argon2id hash of it is kept.
    password: String,
}

/// A user who was registered.
#[derive(Serialize, ToSchema)]
#[schema(as = NewLogin)]
pub(super) struct LoginMade {
    /// Its id.
    #[schema(value_type = String, example = "login_1")]
    id: LoginId,
}

/// A user: never the password.
#[derive(Serialize, ToSchema)]
#[schema(as = Login)]
pub(super) struct LoginOut {
    /// Its id.
    #[schema(value_type = String, example = "login_1")]
    id: LoginId,
    /// By what it logs in.
    email: String,
    /// `test` or `live`.
    mode: &'static str,
    /// When it was registered.
    created: Timestamp,
}

impl From<Login> for LoginOut {
    fn from(login: Login) -> Self {
        let created = login.created.into();
        Self { id: login.id, email: login.email, mode: login.mode.name(), created }
    }
}

/// Register a user of your account in this mode, who can then let applications in; at most 1,000.
///
/// A request with an `Idempotency-Key` is known again by the address: no password is kept to be compared with.
#[utoipa::path(post, path = "/v1/logins", tag = "applications", request_body = LoginIn,
    responses((status = 201, description = "The user", body = LoginMade)))]
pub(super) async fn create_login(
    State(app): State<App>,
    merchant: AsMerchant,
    sent: Sent,
) -> Answered<LoginMade> {
    let LoginIn { email, password } = sent.decode()?;
    let login = (email.as_str(), Secret::new(password));
    let (place, key) = (merchant.place(), sent.key.as_ref());
    let made = app.engine().create_login(merchant.caller, place, login, key).await?;
    let before = made.is_before();
    Ok(Answer::created(LoginMade { id: made.get() }).replayed(before))
}

/// List the users of your account in this mode, oldest first.
#[utoipa::path(get, path = "/v1/logins", tag = "applications",
    responses((status = 200, description = "A page", body = Listed<LoginOut>)))]
pub(super) async fn list_logins(
    State(app): State<App>,
    merchant: AsMerchant,
    params: Params,
) -> Answered<Listed<LoginOut>> {
    let params = params.only(&["limit", "cursor"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("logins {id} {}", mode.name()))?;
    let rows = app.engine().logins(merchant.place(), asked.page(LoginId::from_i64)).await?;
    Ok(Answer::ok(asked.answer(&app, rows, |row| row.id.as_i64(), LoginOut::from)))
}

/// Delete a user: what it let applications do ends with it.
#[utoipa::path(delete, path = "/v1/logins/{id}", tag = "applications",
    params(("id" = String, Path, description = "The user's id")),
    responses((status = 204, description = "It is gone")))]
pub(super) async fn delete_login(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<LoginId>,
) -> Result<StatusCode, Problem> {
    app.engine().delete_login(merchant.place(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
