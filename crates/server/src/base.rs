//! Where the server was asked: what its links begin with, where the deployment has no `public_url`.
//!
//! It is read from the request, as `hosts` reads it for the mode (and from `X-Forwarded-Proto`), so only whoever asked gets to see it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::uri::Authority;
use ipnet::IpNet;
use posthorn_core::id::{CheckoutId, PaymentId};
use posthorn_engine::Engine;

use crate::app::App;
use crate::hosts::asked;

/// Where users set their passwords: at the one façade that has users, whatever is at the root.
const PASSWORD_PAGE: &str = "/techcorp/v1/auth/password";

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

    /// Where this deployment is to be found: as its operator says, else where the server was asked. A name that is bound to a mode is
    /// a place of its own, as only that mode's are let in there.
    pub(crate) fn public<'a>(&'a self, app: &'a App) -> &'a str {
        let public = app.engine().public_url().filter(|_| !app.hosts().bind(&self.0));
        public.unwrap_or(&self.0).trim_end_matches('/')
    }

    /// The page on which whoever is invited sets a password.
    pub(crate) fn invitation(&self, app: &App, token: &str) -> String {
        format!("{}{PASSWORD_PAGE}?token={token}", self.public(app))
    }

    fn of(parts: &Parts, proxies: &[IpNet]) -> Self {
        let host = asked(parts, proxies);
        let host = host.as_ref().map_or("localhost", Authority::as_str);
        let proto = parts.headers.get("x-forwarded-proto").and_then(|proto| proto.to_str().ok());
        let secure = proto.is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
        Self(format!("{}://{host}", if secure { "https" } else { "http" }))
    }
}

impl FromRequestParts<App> for Base {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::of(parts, app.trusted_proxies()))
    }
}
