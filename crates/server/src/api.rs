//! The native API: one file per resource, each handler one call of the engine.

mod applications;
mod attempts;
mod batch;
mod checkout_shapes;
mod checkouts;
mod contracts;
mod customers;
mod deliveries;
mod egress;
mod endpoint_actions;
mod endpoint_shapes;
mod endpoints;
mod events;
mod explain;
mod forcing;
mod incidents;
mod jobs;
mod keys;
mod ledger;
mod listen;
mod logins;
mod merchants;
mod offers;
mod operations;
mod payer_in;
mod payment_in;
mod payment_out;
mod payments;
mod payouts;
mod products;
mod requests;
mod sandbox;
mod status;
mod trial;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use egress::AddressesOut;
pub(crate) use payment_in::{installments, metadata, unfit};

use crate::app::App;

/// The body of an action that takes nothing: none, or `{}`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Every route, with its part of the OpenAPI document.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(merchants_and_keys())
        .merge(endpoints())
        .merge(events_and_deliveries())
        .merge(payments())
        .merge(shop())
        .routes(routes!(jobs::list_jobs))
        .routes(routes!(jobs::get_job))
        .routes(routes!(jobs::cancel_job))
        .routes(routes!(incidents::open_incident, incidents::list_incidents))
        .routes(routes!(incidents::tell_incident))
        .routes(routes!(requests::list_requests))
        .routes(routes!(requests::get_request))
        .routes(routes!(contracts::list_contracts))
        .routes(routes!(contracts::get_contract))
        .routes(routes!(sandbox::get_clock, sandbox::advance_clock))
        .routes(routes!(forcing::set_rail_mood))
        .routes(routes!(listen::listen))
        .merge(described_probes())
}

fn described_probes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(operations::healthz))
        .routes(routes!(operations::readyz))
        .routes(routes!(operations::metrics))
        .routes(routes!(status::status_page))
        .routes(routes!(status::status_json))
}

/// What a machine asks a server at its root, wherever the rest of the API is.
pub(crate) fn probes() -> Router<App> {
    described_probes().into()
}

fn merchants_and_keys() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(merchants::create_merchant, merchants::list_merchants))
        .routes(routes!(merchants::get_merchant, merchants::change_merchant))
        .routes(routes!(merchants::get_own_merchant))
        .routes(routes!(keys::list_merchant_keys, keys::create_merchant_key))
        .routes(routes!(keys::revoke_merchant_key))
        .routes(routes!(keys::list_keys, keys::create_key))
        .routes(routes!(keys::revoke_key))
        .routes(routes!(logins::create_login, logins::list_logins))
        .routes(routes!(logins::delete_login))
        .routes(routes!(logins::invite_login))
        .routes(routes!(logins::list_let_in))
        .routes(routes!(logins::shut_out))
        .routes(routes!(applications::create_application, applications::list_applications))
        .routes(routes!(applications::get_application, applications::delete_application))
}

fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(endpoints::create_endpoint, endpoints::list_endpoints))
        .routes(routes!(
            endpoints::get_endpoint,
            endpoints::change_endpoint,
            endpoints::delete_endpoint
        ))
        .routes(routes!(endpoint_actions::rotate_secret))
        .routes(routes!(endpoint_actions::enable_endpoint))
        .routes(routes!(endpoint_actions::disable_endpoint))
        .routes(routes!(endpoint_actions::test_endpoint))
        .routes(routes!(endpoint_actions::recover_endpoint))
        .routes(routes!(trial::try_address))
        .routes(routes!(egress::list_addresses))
}

fn payments() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(payments::create_payment, payments::list_payments))
        .routes(routes!(payments::get_payment))
        .routes(routes!(payments::capture_payment))
        .routes(routes!(payments::cancel_payment))
        .routes(routes!(payments::refund_payment))
        .routes(routes!(forcing::force_payment))
        .routes(routes!(payments::get_balance))
        .routes(routes!(payouts::create_payout, payouts::list_payouts))
        .routes(routes!(payouts::get_payout))
        .routes(routes!(ledger::list_movements))
        .routes(routes!(ledger::prove_ledger))
}

fn shop() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(customers::create_customer, customers::list_customers))
        .routes(routes!(customers::get_customer, customers::change_customer))
        .routes(routes!(products::create_product, products::list_products))
        .routes(routes!(products::get_product, products::change_product))
        .routes(routes!(offers::create_offer, offers::list_offers))
        .routes(routes!(offers::get_offer, offers::change_offer))
        .routes(routes!(checkouts::create_checkout, checkouts::list_checkouts))
        .routes(routes!(checkouts::get_checkout, checkouts::change_checkout))
        .routes(routes!(checkouts::cancel_checkout))
}

fn events_and_deliveries() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(events::create_event, events::list_events))
        .routes(routes!(batch::create_events))
        .routes(routes!(events::get_event))
        .routes(routes!(explain::explain_event))
        .routes(routes!(deliveries::list_deliveries))
        .routes(routes!(deliveries::get_delivery))
        .routes(routes!(deliveries::resend_delivery))
        .routes(routes!(attempts::get_sent_request))
}
