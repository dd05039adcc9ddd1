//! "Configuração de Webhooks, Via API": endpoints, as PagTracker's programs manage them.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use posthorn_core::contract::Kind;
use posthorn_core::endpoint::{Endpoint, Pattern, Status};
use posthorn_core::id::EndpointId;
use posthorn_core::json::{Json, Style};
use posthorn_core::secret::Secret;
use posthorn_engine::{EndpointDraft, SecretWish};
use serde::Deserialize;

use super::fault::{Code, Fault};
use super::{Asking, answer, page};
use crate::app::App;
use crate::body::Sent;
use crate::list::Asked;
use crate::params::{Id, Params};
use crate::problem::Problem;

#[derive(Deserialize)]
struct WebhookIn {
    url: Option<String>,
    eventos: Option<Vec<String>>,
    /// The guide's name; programs send `secret` too.
    #[serde(alias = "secret")]
    segredo: Option<String>,
    descricao: Option<String>,
}

pub(super) async fn create_webhook(
    State(app): State<App>,
    asking: Asking,
    sent: Result<Sent, Problem>,
) -> Result<Response, Fault> {
    let sent = sent?;
    let wire: WebhookIn = sent.decode()?;
    let needed = |field: &str| {
        Fault::new(Code::InvalidRequest, format!("`{field}` é obrigatório")).at(field)
    };
    let secret = wire.segredo.filter(|secret| !secret.is_empty());
    let draft = EndpointDraft {
        url: wire.url.ok_or_else(|| needed("url"))?,
        events: events(&app, &asking, &wire.eventos.ok_or_else(|| needed("eventos"))?)?,
        filter: None,
        description: wire.descricao,
        headers: Vec::new(),
        contract: None,
        json: Style::default(),
        rate_limit: None,
        concurrency: None,
        secret: secret
            .map_or(SecretWish::NoneIfAllowed, |text| SecretWish::Given(Secret::new(text))),
    };
    let (engine, key) = (app.engine(), sent.key.as_ref());
    let made = engine.create_endpoint(asking.caller, asking.place(), draft, key).await?;
    Ok(answer(StatusCode::CREATED, shown(&app, &asking, &made.endpoint)?))
}

/// Only what the guide's "Tipos de Eventos" lists: a name that is none would never be sent.
fn events(app: &App, asking: &Asking, names: &[String]) -> Result<Vec<Pattern>, Fault> {
    let contract = app.engine().contract_of(asking.id)?;
    let known: Vec<&str> = contract.events.iter().map(|event| event.kind.as_str()).collect();
    if names.is_empty() {
        let what = format!("deve ter pelo menos um de: {}", known.join(", "));
        return Err(Fault::unfit("eventos", what));
    }
    let read = |name: &String| {
        let event = contract.events.iter().find(|event| event.kind.as_str() == name);
        event.map(|event| Pattern::Exactly(event.kind.clone())).ok_or_else(|| {
            let name: String = name.chars().take(80).collect();
            let what = format!("tem um evento desconhecido, `{name}`; há {}", known.join(", "));
            Fault::unfit("eventos", what)
        })
    };
    names.iter().map(read).collect()
}

pub(super) async fn list_webhooks(
    State(app): State<App>,
    asking: Asking,
    params: Result<Params, Problem>,
) -> Result<Response, Fault> {
    let params = params?.only(&["limit", "cursor"])?;
    let (id, mode) = asking.place();
    let asked = Asked::read(&app, &params, &format!("pagtracker webhooks {id} {}", mode.name()))?;
    let rows = app.engine().endpoints(id, mode);
    let listed = asked.answer_from(&app, rows, |row| row.id.as_i64(), |row| row);
    let rows = listed.data.iter().map(|row| shown(&app, &asking, row).map(Json::object));
    Ok(page(rows.collect::<Result<_, _>>()?, listed.next_cursor))
}

pub(super) async fn get_webhook(
    State(app): State<App>,
    asking: Asking,
    id: Result<Id<String>, Problem>,
) -> Result<Response, Fault> {
    let Id(id) = id?;
    let id = id_of(&app, &asking, &id)?;
    let endpoint = app.engine().endpoint(asking.id, asking.mode, id).await?;
    Ok(answer(StatusCode::OK, shown(&app, &asking, &endpoint)?))
}

pub(super) async fn delete_webhook(
    State(app): State<App>,
    asking: Asking,
    id: Result<Id<String>, Problem>,
) -> Result<Response, Fault> {
    let Id(id) = id?;
    let id = id_of(&app, &asking, &id)?;
    app.engine().delete_endpoint((asking.id, asking.mode, id)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn id_of(app: &App, asking: &Asking, text: &str) -> Result<EndpointId, Fault> {
    let contract = app.engine().contract_of(asking.id)?;
    let read = contract.read_id(Kind::Endpoint, text).map(EndpointId::from_i64);
    read.or_else(|| text.parse().ok())
        .ok_or_else(|| Fault::new(Code::NotFound, "não há webhook com este id"))
}

/// A webhook without its secret, which is never shown.
fn shown(
    app: &App,
    asking: &Asking,
    endpoint: &Endpoint,
) -> Result<Vec<(&'static str, Json)>, Fault> {
    let contract = app.engine().contract_of(asking.id)?;
    let text = |text: &str| Json::from(text);
    let settings = &endpoint.settings;
    let events = settings.events.iter().map(|event| text(&event.to_string()));
    let active = match endpoint.status {
        Status::Active | Status::Draining { .. } => true,
        Status::Paused { .. } | Status::Disabled { .. } => false,
    };
    Ok(vec![
        ("id", text(&contract.wire_id(Kind::Endpoint, endpoint.id.as_i64()))),
        ("url", text(settings.url.as_str())),
        ("eventos", Json::Array(events.collect())),
        ("descricao", settings.description.as_deref().map_or(Json::Null, text)),
        ("ativo", Json::Bool(active)),
        ("created_at", text(&format!("{:.0}", endpoint.created))),
    ])
}
