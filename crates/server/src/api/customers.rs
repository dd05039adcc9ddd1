//! Customers: who buys, as a merchant keeps them.

use axum::extract::State;
use posthorn_core::contract::Kind;
use posthorn_core::id::CustomerId;
use posthorn_core::shop::Customer;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::payment_in::metadata;
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::Sent;
use crate::decode::Change;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params};
use crate::time::Timestamp;

/// A customer to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerDraft<'a> {
    /// The name.
    #[schema(example = "João Silva")]
    name: Option<String>,
    /// The e-mail address.
    #[schema(example = "cliente@example.com")]
    email: Option<String>,
    /// The telephone.
    #[schema(example = "+5511999999999")]
    phone: Option<String>,
    /// CPF, CNPJ or another document.
    document: Option<String>,
    /// Your own notes: a JSON object.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a RawValue>,
}

/// What to change of a customer: what is left out stays, `null` takes it away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerChange<'a> {
    /// The name.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Change<String>,
    /// The e-mail address.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    email: Change<String>,
    /// The telephone.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    phone: Change<String>,
    /// CPF, CNPJ or another document.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    document: Change<String>,
    /// Your own notes, as a whole: a JSON object.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a RawValue>,
}

/// Somebody who buys.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
pub(super) struct CustomerOut {
    /// Its id, in the contract's form.
    #[schema(example = "cust_3ab3f5n40000")]
    id: String,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// The telephone.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// CPF, CNPJ or another document.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    /// Your own notes.
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
    /// When it was made.
    created: Timestamp,
    /// When it last changed.
    updated: Timestamp,
}

impl CustomerOut {
    fn of(app: &App, customer: Customer) -> Self {
        let Customer { id, entry, name, email, phone, document } = customer;
        Self {
            id: app.engine().id_on_the_wire(entry.merchant, Kind::Customer, id.as_i64()),
            name,
            email,
            phone,
            document,
            metadata: RawValue::from_string(entry.metadata).unwrap_or_default(),
            created: entry.created.into(),
            updated: entry.updated.into(),
        }
    }
}

/// Keep a customer.
#[utoipa::path(post, path = "/v1/customers", tag = "shop", request_body = CustomerDraft,
    responses((status = 201, description = "The customer", body = CustomerOut)))]
pub(super) async fn create_customer(
    State(app): State<App>,
    merchant: AsMerchant,
    sent: Sent,
) -> Answered<CustomerOut> {
    let CustomerDraft { name, email, phone, document, metadata: notes } = sent.decode()?;
    let notes = metadata(notes)?;
    let make = move |id, mut entry: posthorn_core::shop::Entry| {
        entry.metadata = notes;
        Customer { id: CustomerId::from_i64(id), entry, name, email, phone, document }
    };
    let (place, key) = (merchant.place(), sent.key.as_ref());
    let (customer, existed) = app.engine().keep(merchant.caller, place, make, key).await?;
    Ok(Answer::created(CustomerOut::of(&app, customer)).replayed(existed))
}

/// List customers, newest first.
#[utoipa::path(get, path = "/v1/customers", tag = "shop",
    responses((status = 200, description = "A page", body = Listed<CustomerOut>)))]
pub(super) async fn list_customers(
    State(app): State<App>,
    merchant: AsMerchant,
    params: Params,
) -> Answered<Listed<CustomerOut>> {
    let params = params.only(&["limit", "cursor"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("customers {id} {}", mode.name()))?;
    let rows = app.engine().kept_list::<Customer>((id, mode), None, asked.page(|id| id)).await?;
    let show = |customer| CustomerOut::of(&app, customer);
    Ok(Answer::ok(asked.answer(&app, rows, |customer| customer.id.as_i64(), show)))
}

/// Read one customer.
#[utoipa::path(get, path = "/v1/customers/{id}", tag = "shop",
    params(("id" = String, Path, description = "The customer: our id, or the contract's form of it")),
    responses((status = 200, description = "The customer", body = CustomerOut)))]
pub(super) async fn get_customer(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<String>,
) -> Answered<CustomerOut> {
    let id = app.engine().id_of(merchant.id, Kind::Customer, &id)?;
    let customer = app.engine().kept(merchant.place(), id).await?;
    Ok(Answer::ok(CustomerOut::of(&app, customer)))
}

/// Change a customer.
///
/// What it paid before, and the checkouts it has, keep what they were made with.
#[utoipa::path(patch, path = "/v1/customers/{id}", tag = "shop", request_body = CustomerChange,
    params(("id" = String, Path, description = "The customer")),
    responses((status = 200, description = "The customer as it is now", body = CustomerOut)))]
pub(super) async fn change_customer(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<CustomerOut> {
    let wire: CustomerChange<'_> = sent.decode()?;
    let notes = wire.metadata.map(|given| metadata(Some(given))).transpose()?;
    let (name, email) = (wire.name.patch(), wire.email.patch());
    let (phone, document) = (wire.phone.patch(), wire.document.patch());
    let change = move |customer: &mut Customer| {
        let known = customer.clone();
        customer.name = name.clone().unwrap_or(known.name);
        customer.email = email.clone().unwrap_or(known.email);
        customer.phone = phone.clone().unwrap_or(known.phone);
        customer.document = document.clone().unwrap_or(known.document);
        customer.entry.metadata = notes.clone().unwrap_or(known.entry.metadata);
    };
    let id = app.engine().id_of(merchant.id, Kind::Customer, &id)?;
    let customer = app
        .engine()
        .change_kept(merchant.caller, (merchant.place(), id), change, sent.key.as_ref())
        .await?;
    Ok(Answer::ok(CustomerOut::of(&app, customer)))
}
