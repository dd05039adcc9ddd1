//! What a merchant keeps here: orders, products, users. They are made, listed, read and changed in one way, alone or in batches;
//! each says only what is its own.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use posthorn_core::contract::Kind;
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_core::search::Words;
use posthorn_engine::{EngineError, RequestKey};
use posthorn_store::Page;
use serde::{Deserialize, Serialize};

use super::batch::{BatchOut, Item, each};
use super::client::Client;
use crate::answer::{Answer, Answered};
use crate::api::unfit;
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::{BATCH_BYTES_MAX, Sent};
use crate::list::{Asked, Listed};
use crate::params::{Id, Params};
use crate::problem::Problem;

/// Whose it is, and in which mode.
pub(super) type Place = (MerchantId, Mode);

/// A kind of what a merchant keeps.
pub(super) trait Kept: Sized + Send + 'static {
    /// What its ids are of.
    const KIND: Kind;
    /// What its cursors call many of them.
    const MANY: &'static str;
    /// Where they are.
    const PATHS: &'static [&'static str];
    /// What a list of them takes.
    const PARAMS: &'static [&'static str] = &["limit", "cursor", "q"];
    /// What it is made of.
    type Made<'a>: Deserialize<'a> + Send;
    /// What changes it; its id may stand there too.
    type Changed<'a>: Deserialize<'a> + Send;
    /// How it is answered.
    type Out: Serialize + Send;
    /// Which of them a list has, beside those that have the words.
    type Filter: Default + Send;

    /// Makes one, and says whether the same request had made it before.
    fn make<'a>(
        by: By<'a>,
        made: Self::Made<'a>,
    ) -> impl Future<Output = Result<(Self, bool), Problem>> + Send;
    /// Changes the one that has an id.
    fn alter<'a>(
        by: By<'a>,
        id: &str,
        changed: Self::Changed<'a>,
    ) -> impl Future<Output = Result<Self, Problem>> + Send;
    /// The one that has a number.
    fn find(
        app: &App,
        place: Place,
        id: i64,
    ) -> impl Future<Output = Result<Self, EngineError>> + Send;
    /// Reads which of them a list has.
    fn filter(_: &App, _: MerchantId, _: &Params) -> Result<Self::Filter, Problem> {
        Ok(Self::Filter::default())
    }
    /// A page of them, newest first.
    fn rows(
        app: &App,
        wanted: Wanted<Self::Filter>,
    ) -> impl Future<Output = Result<Vec<Self>, EngineError>> + Send;
    /// Its number.
    fn number(&self) -> i64;
    /// Its answer.
    fn show(self, app: &App) -> Self::Out;
}

/// Which of them are asked for.
pub(super) struct Wanted<F> {
    pub(super) place: Place,
    pub(super) filter: F,
    pub(super) words: Option<Words>,
    pub(super) page: Page<i64>,
}

/// Who asks, and under which idempotency key.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    pub(super) app: &'a App,
    pub(super) merchant: AsMerchant,
    pub(super) key: Option<&'a RequestKey>,
}

impl By<'_> {
    /// The number that an id of its merchant's stands for.
    pub(super) fn number<T: Kept>(&self, id: &str) -> Result<i64, EngineError> {
        self.app.engine().id_of(self.merchant.id, T::KIND, id)
    }
}

pub(super) fn routes<T: Kept>() -> Router<App> {
    T::PATHS.iter().fold(Router::new(), |router, path| {
        router
            .route(path, get(list::<T>).post(create::<T>))
            .route(&format!("{path}/batch"), post(batch::<T>))
            .route(&format!("{path}/{{id}}"), get(read::<T>).patch(change::<T>))
    })
}

async fn create<T: Kept>(
    State(app): State<App>,
    Client(merchant): Client,
    sent: Sent,
) -> Answered<T::Out> {
    let by = By { app: &app, merchant, key: sent.key.as_ref() };
    let (thing, existed) = T::make(by, sent.decode()?).await?;
    Ok(Answer::created(thing.show(&app)).replayed(existed))
}

/// Up to a hundred of them, made and changed.
async fn batch<T: Kept>(
    State(app): State<App>,
    Client(merchant): Client,
    sent: Sent<BATCH_BYTES_MAX>,
) -> Answered<BatchOut<T::Out>> {
    each(&app, (merchant.caller, &sent), |item| carry_out::<T>(&app, merchant, item)).await
}

async fn carry_out<T: Kept>(
    app: &App,
    merchant: AsMerchant,
    item: Item,
) -> Result<T::Out, Problem> {
    let by = By { app, merchant, key: item.key.as_ref() };
    let thing = match &item.id {
        Some(id) => T::alter(by, id, item.decode()?).await?,
        None => T::make(by, item.decode()?).await?.0,
    };
    Ok(thing.show(app))
}

/// All of them, newest first, a page at a time.
async fn list<T: Kept>(
    State(app): State<App>,
    Client(merchant): Client,
    params: Params,
) -> Answered<Listed<T::Out>> {
    let params = params.only(T::PARAMS)?;
    let place @ (id, mode) = merchant.place();
    let filter = T::filter(&app, id, &params)?;
    let asked = Asked::read(&app, &params, &format!("techcorp {} {id} {}", T::MANY, mode.name()))?;
    let (words, page) = (params.words()?, asked.page(|id| id));
    let rows = T::rows(&app, Wanted { place, filter, words, page }).await?;
    Ok(Answer::ok(asked.answer(&app, rows, T::number, |thing| thing.show(&app))))
}

async fn read<T: Kept>(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
) -> Answered<T::Out> {
    let id = app.engine().id_of(merchant.id, T::KIND, &id)?;
    Ok(Answer::ok(T::find(&app, merchant.place(), id).await?.show(&app)))
}

async fn change<T: Kept>(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<T::Out> {
    let by = By { app: &app, merchant, key: sent.key.as_ref() };
    Ok(Answer::ok(T::alter(by, &id, sent.decode()?).await?.show(&app)))
}

/// Refuses a body that speaks of another than the path does.
pub(super) fn same_id(path: &str, body: Option<&str>) -> Result<(), Problem> {
    match body {
        Some(body) if body != path => {
            Err(unfit("id", "is another's than the path's; leave it out, it never changes"))
        }
        Some(_) | None => Ok(()),
    }
}
