//! Contracts: what each platform has promised, to read.

use axum::extract::State;
use posthorn_core::contract::{CatalogueEvent, Contract};
use posthorn_core::duration;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsAnyone;
use crate::list::Listed;
use crate::params::{Id, Params};
use crate::problem::{Code, Problem};

/// A wire dialect.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contract)]
pub(super) struct ContractOut {
    /// What merchants and endpoints call it.
    #[schema(example = "krxscale")]
    name: String,
    /// The platform's own name.
    title: String,
    /// The language of its descriptions.
    #[schema(example = "pt-BR")]
    language: String,
    /// Whether it sends over https alone.
    https_only: bool,
    /// The most bytes a body may have.
    body_bytes_max: usize,
    /// The waits before the second try, the third and so on; the first is immediate.
    #[schema(example = json!(["1m", "5m"]))]
    waits: Vec<String>,
    /// How many tries there are in all.
    tries: usize,
    /// How long one try may take.
    #[schema(example = "15s")]
    timeout: String,
    /// What the platform calls a delivery that used up its tries.
    #[schema(example = "FAILED")]
    exhausted: String,
    /// How long everything must fail before an endpoint is paused; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pause_after: Option<String>,
    /// The names of the headers it sends.
    headers: Vec<String>,
    /// Whether an endpoint may have no secret, and then gets unsigned deliveries.
    secret_optional: bool,
    /// The event types of its catalogue.
    types: Vec<String>,
}

/// One event of a catalogue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CatalogueEvent)]
struct CatalogueEventOut {
    /// Its type.
    #[serde(rename = "type")]
    kind: String,
    /// What it means, in the contract's language.
    description: String,
    /// The transitions that cause it; empty: only you can.
    on: Vec<&'static str>,
    /// Sample data: what test events carry.
    #[schema(value_type = Object)]
    sample: Box<RawValue>,
}

/// A wire dialect with its catalogue and its file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ContractDetail {
    /// The dialect.
    #[serde(flatten)]
    contract: ContractOut,
    /// Its catalogue.
    events: Vec<CatalogueEventOut>,
    /// The file it was read from, byte for byte (TOML).
    source: String,
}

impl From<&Contract> for ContractOut {
    fn from(contract: &Contract) -> Self {
        let retry = &contract.retry;
        let timeout = jiff::SignedDuration::try_from(retry.timeout).unwrap_or_default();
        Self {
            name: contract.name.clone(),
            title: contract.title.clone(),
            language: contract.language.clone(),
            https_only: contract.https_only,
            body_bytes_max: contract.body_bytes_max,
            waits: retry.waits.iter().map(|wait| duration::print(*wait)).collect(),
            tries: retry.tries(),
            timeout: duration::print(timeout),
            exhausted: retry.exhausted.clone(),
            pause_after: retry.pause_after.map(duration::print),
            headers: contract.header_names().into_iter().map(ToOwned::to_owned).collect(),
            secret_optional: contract.secret.optional,
            types: contract.events.iter().map(|event| event.kind.to_string()).collect(),
        }
    }
}

impl CatalogueEventOut {
    fn of(event: &CatalogueEvent) -> Result<Self, Problem> {
        let sample = serde_json::from_slice(&event.sample);
        Ok(Self {
            kind: event.kind.to_string(),
            description: event.description.clone(),
            on: event.on.iter().map(|transition| transition.name()).collect(),
            sample: sample.map_err(|error| Problem::internal(format!("a sample: {error}")))?,
        })
    }
}

/// List the contracts in force.
#[utoipa::path(get, path = "/v1/contracts", tag = "contracts",
    responses((status = 200, description = "All of them", body = Listed<ContractOut>)))]
pub(super) async fn list_contracts(
    State(app): State<App>,
    _: AsAnyone,
    params: Params,
) -> Answered<Listed<ContractOut>> {
    params.only(&[])?;
    let contracts = app.engine().contracts();
    let contracts = contracts.iter().map(|contract| ContractOut::from(&**contract));
    Ok(Answer::ok(Listed::whole(contracts.collect())))
}

/// Read one contract: its catalogue with samples, and its file.
#[utoipa::path(get, path = "/v1/contracts/{name}", tag = "contracts",
    params(("name" = String, Path, description = "The contract")),
    responses((status = 200, description = "The contract", body = ContractDetail)))]
pub(super) async fn get_contract(
    State(app): State<App>,
    _: AsAnyone,
    Id(name): Id<String>,
) -> Answered<ContractDetail> {
    let contracts = app.engine().contracts();
    let found = contracts.iter().find(|contract| contract.name == name);
    let contract = found.ok_or_else(|| {
        let names: Vec<&str> = contracts.iter().map(|contract| contract.name.as_str()).collect();
        let detail = format!("there is no such contract; choose from {}", names.join(", "));
        Problem::new(Code::NotFound, detail)
    })?;
    let events: Result<Vec<_>, Problem> =
        contract.events.iter().map(CatalogueEventOut::of).collect();
    Ok(Answer::ok(ContractDetail {
        contract: (&**contract).into(),
        events: events?,
        source: contract.source.to_string(),
    }))
}
