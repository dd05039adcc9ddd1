//! "Authentication and Authorization": OAuth 2 for programs (RFC 6749). Where tokens come from, how they are given up (RFC
//! 7009) and asked about (RFC 7662), and where a program finds all that (RFC 8414).

mod authorize;
mod client_auth;
mod fault;
mod form;
mod metadata;
mod page;
mod password;
mod tokens;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};

use super::browser::open;
use crate::app::App;
use crate::base::Base;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/auth/oauth/authorize", get(authorize::shows).post(authorize::decides))
        .route("/v1/auth/password", get(password::shows).post(password::sets))
        .route("/v1/auth/oauth/token", open(post(tokens::token)))
        .route("/v1/auth/refresh", open(post(tokens::refresh)))
        .route("/v1/auth/oauth/revoke", open(post(tokens::revoke)))
        .route("/v1/auth/oauth/introspect", post(tokens::introspect))
        .route(metadata::PATH, open(get(metadata::metadata)))
}

/// Where RFC 8414 puts the metadata of an issuer whose name has a path: at the root, before that path.
pub(super) fn well_known(mount: &'static str) -> Router<App> {
    Router::new().route(
        &format!("{}{mount}", metadata::PATH),
        open(get(async move |State(app): State<App>, base: Base| {
            metadata::metadata_of(&app, &base, mount)
        })),
    )
}
