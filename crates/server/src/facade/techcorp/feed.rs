//! The feed of products: "Full feed: Download daily CSV". It is made every day at 03:00 UTC, and when asked for.
//!
//! `GET /v1/products/feed.csv` is the last that was made (RFC 4180; the columns are those of the API), with its `ETag`: whoever
//! sends that back as `If-None-Match` is told 304 until there is another. `GET /v1/products/feed` tells of it, `POST` has
//! one made now.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use posthorn_core::feed::{Feed, Made};
use serde::Serialize;

use super::client::Client;
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::etag::is_known;
use crate::problem::{Code, Problem};
use crate::time::Timestamp;

pub(super) fn routes() -> Router<App> {
    ["/v1/products", "/products"].into_iter().fold(Router::new(), |router, products| {
        router
            .route(&format!("{products}/feed"), get(read).post(make))
            .route(&format!("{products}/feed.csv"), get(download))
    })
}

/// What is told of a feed.
#[derive(Serialize)]
struct FeedOut {
    /// `MAKING` or `READY`; `NONE` before the first.
    status: &'static str,
    /// What tells the last one from others.
    etag: Option<String>,
    /// Its products.
    products: Option<u64>,
    /// Its bytes.
    bytes: Option<u64>,
    /// When it was begun: it has what was on record by then.
    begun_at: Option<Timestamp>,
    /// When it was ready.
    made_at: Option<Timestamp>,
    /// Of the one that is being made, the products that are on it so far.
    products_so_far: Option<u64>,
    /// When the next is made.
    next_at: Option<Timestamp>,
}

impl FeedOut {
    fn of(app: &App, feed: &Feed) -> Self {
        let made = feed.made.as_ref();
        let is_due = app.engine().feed_is_due(feed);
        Self {
            status: match made {
                _ if is_due => "MAKING",
                Some(_) => "READY",
                None => "NONE",
            },
            etag: made.map(quoted),
            products: made.map(|made| made.products),
            bytes: made.map(|made| made.bytes),
            begun_at: made.map(|made| made.begun.into()),
            made_at: made.map(|made| made.at.into()),
            products_so_far: feed.making.as_ref().map(|making| making.products),
            next_at: feed.wake.filter(|_| !is_due).map(Into::into),
        }
    }
}

fn quoted(made: &Made) -> String {
    format!("\"{}\"", made.tag)
}

async fn read(State(app): State<App>, Client(merchant): Client) -> Answered<FeedOut> {
    let feed = app.engine().feed(merchant.place()).await?;
    Ok(Answer::ok(FeedOut::of(&app, &feed)))
}

async fn make(State(app): State<App>, Client(merchant): Client) -> Answered<FeedOut> {
    let feed = app.engine().make_feed(merchant.place()).await?;
    Ok(Answer::accepted(FeedOut::of(&app, &feed)))
}

async fn download(
    State(app): State<App>,
    Client(merchant): Client,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let feed = app.engine().feed(merchant.place()).await?;
    let Some(made) = feed.made else {
        let detail = "no feed has been made yet; POST /v1/products/feed has one made now";
        return Err(Problem::new(Code::NotFound, detail));
    };
    let tag = quoted(&made);
    let mut response = if is_known(&headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        whole(&app, &made)
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// The file, a page in memory at a time. One that is no longer kept ends the connection before its time, which
/// `Content-Length` tells.
fn whole(app: &App, made: &Made) -> Response {
    let (app, number) = (app.clone(), made.pages.number);
    let pages = stream::iter(0..made.pages.count).then(move |page| {
        let app = app.clone();
        async move {
            let text = app.engine().feed_page(number, page).await.map_err(|bad| bad.to_string());
            let gone = || "a newer feed has taken the place of this one; download that".to_owned();
            text?.map(Bytes::from).ok_or_else(gone)
        }
    });
    let mut response = Body::from_stream(pages).into_response();
    let headers = response.headers_mut();
    let kind = "text/csv; charset=utf-8; header=present";
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let name = "attachment; filename=\"products.csv\"";
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(made.bytes));
    response
}
