//! Where deliveries come from, for receivers that let only known addresses in.

use std::net::IpAddr;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsAnyone;

/// The addresses that deliveries come from.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookAddresses)]
pub(crate) struct AddressesOut {
    /// All of them; none where the operator promises none, and they may come from anywhere.
    #[schema(value_type = Vec<String>, example = json!(["54.123.45.67"]))]
    addresses: Vec<IpAddr>,
}

impl AddressesOut {
    pub(crate) fn of(app: &App) -> Self {
        Self { addresses: app.engine().egress_addresses().to_vec() }
    }
}

/// The addresses that deliveries come from, to be let in by a receiver's firewall.
#[utoipa::path(get, path = "/v1/webhooks/addresses", tag = "endpoints",
    responses((status = 200, description = "The addresses", body = AddressesOut)))]
pub(super) async fn list_addresses(State(app): State<App>, _: AsAnyone) -> Answered<AddressesOut> {
    Ok(Answer::ok(AddressesOut::of(&app)))
}
