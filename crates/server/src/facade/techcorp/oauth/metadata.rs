//! Where everything is (RFC 8414), for programs that are told nothing but the issuer.

use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde_json::json;

use crate::app::App;
use crate::base::Base;

/// Where it stands.
pub(super) const PATH: &str = "/.well-known/oauth-authorization-server";

pub(super) async fn metadata(
    State(app): State<App>,
    base: Base,
    OriginalUri(asked): OriginalUri,
    inner: Uri,
) -> Response {
    let mount = asked.path().strip_suffix(inner.path()).unwrap_or_default();
    metadata_of(&app, &base, mount)
}

/// The same of an issuer below a path.
pub(super) fn metadata_of(app: &App, base: &Base, mount: &str) -> Response {
    let issuer = issuer(app, base, mount);
    let at = |path: &str| format!("{issuer}/v1/auth/oauth/{path}");
    let proofs = ["client_secret_basic", "client_secret_post", "none"];
    let secrets = ["client_secret_basic", "client_secret_post"];
    let told = json!({
        "issuer": issuer,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "revocation_endpoint": at("revoke"),
        "introspection_endpoint": at("introspect"),
        "scopes_supported": ["read", "write"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "grant_types_supported": ["client_credentials", "authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": proofs,
        "revocation_endpoint_auth_methods_supported": proofs,
        "introspection_endpoint_auth_methods_supported": secrets,
    });
    axum::Json(told).into_response()
}

/// Who gives the tokens out.
pub(super) fn issuer(app: &App, base: &Base, mount: &str) -> String {
    format!("{}{mount}", base.public(app))
}
