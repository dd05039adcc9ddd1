//! OAuth 2 against a client that is not ours to please: Authlib, from `PyPI`.

use std::process::Command;

use serde_json::json;

use crate::libraries::authlib;
use crate::posthorn::{Posthorn, text};
use crate::program::folder;

#[test]
fn authlib_goes_the_whole_way_from_the_metadata_to_the_revocation() {
    let server = Posthorn::start();
    let merchant = server.merchant("techcorp");
    let own = merchant.post("/v1/applications", &json!({"name": "ERP"}));
    let back = json!(["http://127.0.0.1/callback"]);
    let public = json!({"name": "App", "kind": "public", "redirect_uris": back});
    let public = merchant.post("/v1/applications", &public);
    let (email, password) = ("ana@loja.example", "correct horse");
    merchant.post("/v1/logins", &json!({"email": email, "password": password}));
    let told = json!({
        "base": format!("{}/techcorp", server.base),
        "metadata": format!("{}/.well-known/oauth-authorization-server/techcorp", server.base),
        "client_id": text(&own, "/client_id"),
        "client_secret": text(&own, "/client_secret"),
        "public_id": text(&public, "/client_id"),
        "email": email,
        "password": password,
    });
    let ended = Command::new(authlib())
        .arg(folder().join("python/authlib_client.py"))
        .arg(told.to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("Python runs");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(said.trim(), "done", "{}", String::from_utf8_lossy(&ended.stderr));
}
