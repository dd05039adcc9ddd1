//! Who pays, as a merchant tells it: one of its customers, or whoever it is.

use std::fmt;

use posthorn_core::payment::Customer;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// Who pays.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerIn {
    /// Your id of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
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
}

/// One of the merchant's customers by its id, or whoever pays.
#[derive(Debug)]
pub(super) enum PayerIn {
    /// One of its customers.
    Kept(String),
    /// Whoever it is.
    Told(CustomerIn),
}

impl PayerIn {
    /// The customer's id.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Kept(id) => Some(id),
            Self::Told(_) => None,
        }
    }

    /// What was told instead of one.
    pub(super) fn told(self) -> Option<Customer> {
        match self {
            Self::Kept(_) => None,
            Self::Told(told) => Some(told.into()),
        }
    }
}

impl<'de> Deserialize<'de> for PayerIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = PayerIn;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a customer's id, or an object")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<PayerIn, E> {
        Ok(PayerIn::Kept(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<PayerIn, A::Error> {
        CustomerIn::deserialize(MapAccessDeserializer::new(members)).map(PayerIn::Told)
    }
}

impl From<CustomerIn> for Customer {
    fn from(wire: CustomerIn) -> Self {
        let CustomerIn { id, name, email, phone, document } = wire;
        Self { id, name, email, phone, document }
    }
}

impl From<Customer> for CustomerIn {
    fn from(customer: Customer) -> Self {
        let Customer { id, name, email, phone, document } = customer;
        Self { id, name, email, phone, document }
    }
}
