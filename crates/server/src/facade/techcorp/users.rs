//! Users: `/v1/users`. The guide names their events alone; this is what is published here: `id`, `email` (one user each, in
//! whatever case), `name`, `created_at`, `updated_at`; told by `user.created` and `user.updated`.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use posthorn_core::contract::Kind;
use posthorn_core::id::UserId;
use posthorn_core::shop::{Entry, User};
use posthorn_engine::RequestKey;
use serde::{Deserialize, Serialize};

use super::batch::{BatchOut, Item, each, same_id};
use super::client::Client;
use crate::answer::{Answer, Answered};
use crate::api::unfit;
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::{BATCH_BYTES_MAX, Sent};
use crate::list::{Asked, Listed};
use crate::params::{Id, Params};
use crate::problem::Problem;
use crate::time::Timestamp;

/// The most bytes of an address (RFC 5321, section 4.5.3.1.3).
const EMAIL_BYTES_MAX: usize = 254;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/users", get(list).post(create))
        .route("/v1/users/batch", post(batch))
        .route("/v1/users/{id}", get(read).patch(change))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserIn {
    email: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserChangeIn {
    id: Option<String>,
    email: Option<String>,
    name: Option<String>,
}

#[derive(Serialize)]
struct UserOut {
    id: String,
    email: String,
    name: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl UserOut {
    fn of(app: &App, user: User) -> Self {
        let User { id, entry, email, name } = user;
        Self {
            id: app.engine().id_on_the_wire(entry.merchant, Kind::User, id.as_i64()),
            email,
            name,
            created_at: entry.created.into(),
            updated_at: entry.updated.into(),
        }
    }
}

async fn create(State(app): State<App>, Client(merchant): Client, sent: Sent) -> Answered<UserOut> {
    let (user, existed) = make(&app, merchant, sent.decode()?, sent.key.as_ref()).await?;
    Ok(Answer::created(user).replayed(existed))
}

async fn make(
    app: &App,
    merchant: AsMerchant,
    asked: UserIn,
    key: Option<&RequestKey>,
) -> Result<(UserOut, bool), Problem> {
    let UserIn { email, name } = asked;
    address(&email)?;
    let make = move |id, entry: Entry| User { id: UserId::from_i64(id), entry, email, name };
    let (user, existed) = app.engine().keep(merchant.caller, merchant.place(), make, key).await?;
    Ok((UserOut::of(app, user), existed))
}

/// Up to a hundred of them, made and changed.
async fn batch(
    State(app): State<App>,
    Client(merchant): Client,
    sent: Sent<BATCH_BYTES_MAX>,
) -> Answered<BatchOut<UserOut>> {
    each(&app, (merchant.caller, &sent), |item| carry_out(&app, merchant, item)).await
}

async fn carry_out(app: &App, merchant: AsMerchant, item: Item) -> Result<UserOut, Problem> {
    if let Some(id) = &item.id {
        return alter(app, merchant, (id, item.decode()?), item.key.as_ref()).await;
    }
    Ok(make(app, merchant, item.decode()?, item.key.as_ref()).await?.0)
}

/// Users, newest first, a page at a time.
async fn list(
    State(app): State<App>,
    Client(merchant): Client,
    params: Params,
) -> Answered<Listed<UserOut>> {
    let params = params.only(&["limit", "cursor", "q"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("techcorp users {id} {}", mode.name()))?;
    let rows =
        app.engine().kept_list::<User>((id, mode), params.words()?, asked.page(|id| id)).await?;
    Ok(Answer::ok(asked.answer(
        &app,
        rows,
        |user| user.id.as_i64(),
        |user| UserOut::of(&app, user),
    )))
}

async fn read(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
) -> Answered<UserOut> {
    let id = app.engine().id_of(merchant.id, Kind::User, &id)?;
    Ok(Answer::ok(UserOut::of(&app, app.engine().kept(merchant.place(), id).await?)))
}

async fn change(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<UserOut> {
    let asked = (&*id, sent.decode()?);
    Ok(Answer::ok(alter(&app, merchant, asked, sent.key.as_ref()).await?))
}

async fn alter(
    app: &App,
    merchant: AsMerchant,
    (id, asked): (&str, UserChangeIn),
    key: Option<&RequestKey>,
) -> Result<UserOut, Problem> {
    same_id(id, asked.id.as_deref())?;
    let UserChangeIn { email, name, .. } = asked;
    if let Some(email) = &email {
        address(email)?;
    }
    let change = move |user: &mut User| {
        user.email = email.clone().unwrap_or_else(|| user.email.clone());
        user.name = name.clone().unwrap_or_else(|| user.name.clone());
    };
    let id = app.engine().id_of(merchant.id, Kind::User, id)?;
    Ok(UserOut::of(
        app,
        app.engine().change_kept(merchant.caller, (merchant.place(), id), change, key).await?,
    ))
}

/// Refuses what mail cannot be sent to; whether it arrives is another matter.
fn address(email: &str) -> Result<(), Problem> {
    let plain = !email.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    let parts = email.rsplit_once('@').is_some_and(|(local, host)| {
        !local.is_empty() && !host.is_empty() && !host.starts_with('.') && !host.ends_with('.')
    });
    if plain && parts && email.len() <= EMAIL_BYTES_MAX {
        return Ok(());
    }
    Err(unfit("email", format!("must be an e-mail address of at most {EMAIL_BYTES_MAX} bytes")))
}
