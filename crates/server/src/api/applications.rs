//! Applications: programs that a merchant registers for OAuth 2, each with credentials of its own, for one mode.

use axum::extract::State;
use http::StatusCode;
use posthorn_core::id::ApplicationId;
use posthorn_core::oauth::{Application, ClientKind, RedirectUri};
use posthorn_engine::ApplicationDraft;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, Answered, Shown};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::Sent;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params};
use crate::problem::Problem;
use crate::time::Timestamp;

/// An application to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApplicationIn {
    /// What people call it: it stands on the page where users consent.
    name: String,
    /// `confidential` (it runs at a server and keeps a secret; so when left out) or `public`.
    #[schema(value_type = Option<String>, example = "confidential")]
    kind: Option<ClientKind>,
    /// Where its users are sent back to, at most 10: https; http on the user's own machine (`127.0.0.1`, `[::1]`) in test
    /// mode, and for public applications. A request must name one of them to the letter, there with any port; where there is
    /// one only it may leave it out.
    #[serde(default)]
    redirect_uris: Vec<String>,
}

/// An application on record: never its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Application)]
pub(super) struct ApplicationOut {
    /// Its id.
    #[schema(value_type = String, example = "app_1")]
    id: ApplicationId,
    /// What people call it.
    name: String,
    /// `confidential` or `public`.
    kind: &'static str,
    /// `test` or `live`.
    mode: &'static str,
    /// What it calls itself.
    #[schema(example = "client_test_3f0a…")]
    client_id: String,
    /// Its secret, in the answer to its creation alone; a public application has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    client_secret: Option<Shown>,
    /// What its secret begins with, and its last four characters.
    hint: Option<String>,
    /// Where its users are sent back to.
    redirect_uris: Vec<String>,
    /// When it was registered.
    created: Timestamp,
}

impl From<Application> for ApplicationOut {
    fn from(application: Application) -> Self {
        let redirects = application.redirects.iter().map(RedirectUri::as_str);
        Self {
            id: application.id,
            name: application.name,
            kind: application.kind.name(),
            mode: application.mode.name(),
            client_id: application.client,
            client_secret: None,
            hint: application.hint,
            redirect_uris: redirects.map(ToOwned::to_owned).collect(),
            created: application.created.into(),
        }
    }
}

/// Register an application of this mode; its secret is shown this once.
#[utoipa::path(post, path = "/v1/applications", tag = "applications", request_body = ApplicationIn,
    responses((status = 201, description = "The application", body = ApplicationOut)))]
pub(super) async fn create_application(
    State(app): State<App>,
    merchant: AsMerchant,
    sent: Sent,
) -> Answered<ApplicationOut> {
    let wire: ApplicationIn = sent.decode()?;
    let draft = ApplicationDraft {
        name: wire.name,
        kind: wire.kind.unwrap_or(ClientKind::Confidential),
        redirects: wire.redirect_uris,
    };
    let (place, key) = (merchant.place(), sent.key.as_ref());
    let made = app.engine().create_application(merchant.caller, place, draft, key).await?;
    let client_secret = made.secret.map(Shown);
    let shown = ApplicationOut { client_secret, ..ApplicationOut::from(made.application) };
    Ok(Answer::created(shown).replayed(made.before))
}

/// List your applications of this mode, oldest first.
#[utoipa::path(get, path = "/v1/applications", tag = "applications",
    responses((status = 200, description = "A page", body = Listed<ApplicationOut>)))]
pub(super) async fn list_applications(
    State(app): State<App>,
    merchant: AsMerchant,
    params: Params,
) -> Answered<Listed<ApplicationOut>> {
    let params = params.only(&["limit", "cursor"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("applications {id} {}", mode.name()))?;
    let page = asked.page(ApplicationId::from_i64);
    let rows = app.engine().applications(merchant.place(), page).await?;
    Ok(Answer::ok(asked.answer(&app, rows, |row| row.id.as_i64(), ApplicationOut::from)))
}

/// Read one of your applications of this mode.
#[utoipa::path(get, path = "/v1/applications/{id}", tag = "applications",
    params(("id" = String, Path, description = "The application's id")),
    responses((status = 200, description = "The application", body = ApplicationOut)))]
pub(super) async fn get_application(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<ApplicationId>,
) -> Answered<ApplicationOut> {
    Ok(Answer::ok(app.engine().application(merchant.place(), id).await?.into()))
}

/// Delete an application: from now on its credentials and all its tokens are refused.
#[utoipa::path(delete, path = "/v1/applications/{id}", tag = "applications",
    params(("id" = String, Path, description = "The application's id")),
    responses((status = 204, description = "It is refused from now on")))]
pub(super) async fn delete_application(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<ApplicationId>,
) -> Result<StatusCode, Problem> {
    app.engine().delete_application(merchant.place(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
