//! Users of a merchant's account, who can log in and let applications in (OAuth 2).

use axum::extract::State;
use http::StatusCode;
use posthorn_core::event::Mode;
use posthorn_core::id::{ApplicationId, LoginId, MerchantId};
use posthorn_core::oauth::Login;
use posthorn_core::secret::Secret;
use posthorn_store::LetIn;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, Answered, Shown};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::base::Base;
use crate::body::Sent;
use crate::list::{Asked, Listed};
use crate::params::{Id, Ids, Params};
use crate::problem::Problem;
use crate::time::Timestamp;

/// A user to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginIn {
    /// By what it logs in; no other user of your account in this mode has it.
    #[schema(example = "ana@loja.example")]
    email: String,
    /// 10 to 256 characters; only an argon2id hash of it is kept. Left out, the user sets it itself, on the page that the answer
    /// links to.
    password: Option<String>,
}

/// A link by which a user sets its password.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(super) struct InvitationOut {
    /// The page: whoever opens it sets the password, once.
    #[schema(value_type = String)]
    url: Shown,
    /// Until when it is good, in real time: 72 hours; no longer than the user has the password (or none) that it has now.
    expires: Timestamp,
}

impl InvitationOut {
    async fn of(
        app: &App,
        base: &Base,
        place: (MerchantId, Mode),
        id: LoginId,
    ) -> Result<Self, Problem> {
        let invitation = app.engine().invite(place, id).await?;
        let url = base.invitation(app, invitation.token.expose());
        Ok(Self { url: Shown(Secret::new(url)), expires: invitation.expires.into() })
    }
}

/// A user who was registered.
#[derive(Serialize, ToSchema)]
#[schema(as = NewLogin)]
pub(super) struct LoginMade {
    /// Its id.
    #[schema(value_type = String, example = "login_1")]
    id: LoginId,
    /// Where it sets its password, if you have given it none.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<InvitationOut>,
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
    /// Whether it has set no password yet, and cannot log in.
    invited: bool,
    /// When it was registered.
    created: Timestamp,
}

impl From<Login> for LoginOut {
    fn from(login: Login) -> Self {
        let (created, invited) = (login.created.into(), login.password.is_empty());
        Self { id: login.id, email: login.email, mode: login.mode.name(), invited, created }
    }
}

/// Register a user of your account in this mode, who can then let applications in; at most 1,000.
///
/// Without a `password` the answer has a link for the user to set one.
///
/// A request with an `Idempotency-Key` is known again by the address: no password is kept to be compared with.
#[utoipa::path(post, path = "/v1/logins", tag = "applications", request_body = LoginIn,
    responses((status = 201, description = "The user", body = LoginMade)))]
pub(super) async fn create_login(
    State(app): State<App>,
    merchant: AsMerchant,
    base: Base,
    sent: Sent,
) -> Answered<LoginMade> {
    let LoginIn { email, password } = sent.decode()?;
    let invites = password.is_none();
    let login = (email.as_str(), password.map(Secret::new));
    let (place, key) = (merchant.place(), sent.key.as_ref());
    let made = app.engine().create_login(merchant.caller, place, login, key).await?;
    let (id, before) = (made.get(), made.is_before());
    let invitation =
        if invites { Some(InvitationOut::of(&app, &base, place, id).await?) } else { None };
    Ok(Answer::created(LoginMade { id, invitation }).replayed(before))
}

/// Invite a user to set its password: its first, or another for one that it has forgotten.
///
/// Send the link to whoever it is for: whoever opens it sets the password. It is good once.
#[utoipa::path(post, path = "/v1/logins/{id}/invitation", tag = "applications",
    params(("id" = String, Path, description = "The user's id")),
    responses((status = 201, description = "The link", body = InvitationOut)))]
pub(super) async fn invite_login(
    State(app): State<App>,
    merchant: AsMerchant,
    base: Base,
    Id(id): Id<LoginId>,
) -> Answered<InvitationOut> {
    Ok(Answer::created(InvitationOut::of(&app, &base, merchant.place(), id).await?))
}

/// What a user lets an application do.
#[derive(Serialize, ToSchema)]
#[schema(as = LetIn)]
pub(super) struct LetInOut {
    /// The application's id.
    #[schema(value_type = String, example = "app_1")]
    application: ApplicationId,
    /// What people call it.
    name: String,
    /// What it calls itself.
    #[schema(example = "client_test_3f0a…")]
    client_id: String,
    /// Who registered it: you, or another merchant of this deployment.
    #[schema(value_type = String, example = "mer_1")]
    merchant: MerchantId,
    /// How far it reaches: `read`, `write`, or both.
    #[schema(example = "read write")]
    scope: String,
    /// Since when, on your clock.
    since: Timestamp,
}

impl From<LetIn> for LetInOut {
    fn from(one: LetIn) -> Self {
        Self {
            application: one.application,
            name: one.name,
            client_id: one.client,
            merchant: one.of,
            scope: one.scopes.to_string(),
            since: one.since.into(),
        }
    }
}

/// List the applications that a user of your account has let in, and that may still act on it, by their ids.
#[utoipa::path(get, path = "/v1/logins/{id}/applications", tag = "applications",
    params(("id" = String, Path, description = "The user's id")),
    responses((status = 200, description = "A page", body = Listed<LetInOut>)))]
pub(super) async fn list_let_in(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<LoginId>,
    params: Params,
) -> Answered<Listed<LetInOut>> {
    let params = params.only(&["limit", "cursor"])?;
    let asked = Asked::read(&app, &params, &format!("let in {} {id}", merchant.id))?;
    let page = asked.page(ApplicationId::from_i64);
    let rows = app.engine().let_in_by(merchant.place(), id, page).await?;
    Ok(Answer::ok(asked.answer(&app, rows, |row| row.application.as_i64(), LetInOut::from)))
}

/// End what a user lets an application do: its tokens are refused from now on.
#[utoipa::path(delete, path = "/v1/logins/{id}/applications/{application}", tag = "applications",
    params(("id" = String, Path, description = "The user's id"),
        ("application" = String, Path, description = "The application's id")),
    responses((status = 204, description = "It is shut out")))]
pub(super) async fn shut_out(
    State(app): State<App>,
    merchant: AsMerchant,
    Ids(id, application): Ids<LoginId, ApplicationId>,
) -> Result<StatusCode, Problem> {
    app.engine().shut_out(merchant.place(), id, application).await?;
    Ok(StatusCode::NO_CONTENT)
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
