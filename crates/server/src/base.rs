//! Where the server was asked: what its links begin with, where the deployment has no `public_url`.
//!
//! It is read from the request's `Host` (and `X-Forwarded-Proto`), so only whoever asked gets to see it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use posthorn_core::id::{CheckoutId, PaymentId};
use posthorn_engine::Engine;

/// Scheme and authority: `https://pix.example`.
#[derive(Debug, Clone)]
pub(crate) struct Base(pub(crate) String);

impl Base {
    /// A checkout's page.
    pub(crate) fn checkout(&self, engine: &Engine, id: CheckoutId) -> String {
        format!("{}{}", self.0, engine.checkout_path(id))
    }

    /// A payment's page.
    pub(crate) fn payment(&self, engine: &Engine, id: PaymentId) -> String {
        format!("{}{}", self.0, engine.payment_path(id))
    }

    fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(HOST.as_str()).and_then(|host| host.parse::<Authority>().ok());
        let host = host.filter(|host| !host.as_str().contains('@'));
        let host = host.as_ref().map_or("localhost", Authority::as_str);
        let secure =
            text("x-forwarded-proto").is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
        Self(format!("{}://{host}", if secure { "https" } else { "http" }))
    }
}

impl<S: Sync> FromRequestParts<S> for Base {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}
