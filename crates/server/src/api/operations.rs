//! For those who run it: probes and metrics.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::problem::{Code, Problem};

/// The process is up.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`.
    status: &'static str,
    /// The program's version.
    version: String,
}

/// Whether the process is up.
#[utoipa::path(get, path = "/healthz", tag = "operations",
    responses((status = 200, description = "It is", body = Health)))]
pub(super) async fn healthz(State(app): State<App>) -> Answer<Health> {
    Answer::ok(Health { status: "ok", version: app.version().to_owned() })
}

/// Whether requests can be carried out: the database answers and the server is not stopping.
#[utoipa::path(get, path = "/readyz", tag = "operations",
    responses((status = 200, description = "They can", body = Health)))]
pub(super) async fn readyz(State(app): State<App>) -> Answered<Health> {
    if *app.stopping().borrow() {
        let detail = "the server is stopping";
        return Err(Problem::new(Code::Unavailable, detail).retry_after(1));
    }
    app.engine().ready().await?;
    Ok(Answer::ok(Health { status: "ready", version: app.version().to_owned() }))
}

/// What is counted, as Prometheus reads it.
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "The metrics", body = String,
        content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8")))]
pub(super) async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, app.registry())
        .map_err(|error| Problem::internal(format!("metrics: {error}")))?;
    Ok(([(CONTENT_TYPE, KIND)], text).into_response())
}
