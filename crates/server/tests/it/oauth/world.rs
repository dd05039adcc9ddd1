//! A merchant who speaks TechCorp's contract, and programs of its.

use axum::body::Body;
use data_encoding::BASE64;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::harness::{Call, Got, TestApp};

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) test: String,
    pub(crate) live: String,
}

/// A program's credentials, and the id of its application.
pub(crate) struct Program {
    pub(crate) app: String,
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Program {
    pub(crate) fn basic(&self) -> String {
        format!("Basic {}", BASE64.encode(format!("{}:{}", self.id, self.secret).as_bytes()))
    }
}

pub(crate) fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::of(TestApp::in_real_time().await).await
    }

    pub(crate) async fn of(app: TestApp) -> Self {
        let made = app.merchant(&json!({"name": "Loja", "contract": "techcorp"})).await;
        Self { test: made.at("/keys/test/api_key"), live: made.at("/keys/live/api_key"), app }
    }

    pub(crate) async fn application(&self, draft: &Value) -> Program {
        let call = self.app.call(Method::POST, "/v1/applications").key(&self.test);
        let made = call.json(draft).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        let secret = made.json()["client_secret"].as_str().unwrap_or_default().to_owned();
        Program { app: made.at("/id"), id: made.at("/client_id"), secret }
    }

    pub(crate) async fn native(&self, method: Method, path: &str, key: &str) -> Got {
        self.app.call(method, path).key(key).send(Body::empty()).await
    }

    pub(crate) async fn anonymous(&self, path: &str) -> Got {
        self.app.call(Method::GET, path).no_key().send(Body::empty()).await
    }

    /// A form as it stands there, with an `Authorization` header or none.
    pub(crate) async fn raw(&self, path: &str, authorization: Option<&str>, body: String) -> Got {
        let path = format!("/techcorp/v1/auth/oauth/{path}");
        let call = self.app.call(Method::POST, &path).no_key().header("content-type", FORM);
        let call = match authorization {
            Some(value) => call.header("authorization", value),
            None => call,
        };
        call.send(Body::from(body)).await
    }

    /// A form of a program that proves itself in it.
    pub(crate) async fn form(&self, path: &str, by: &Program, pairs: &[(&str, &str)]) -> Got {
        let own = [("client_id", by.id.as_str()), ("client_secret", by.secret.as_str())];
        let all: Vec<_> = own.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        self.raw(path, None, encoded(&[&all, pairs].concat())).await
    }

    pub(crate) async fn token(&self, by: &Program, pairs: &[(&str, &str)]) -> Got {
        self.form("token", by, pairs).await
    }

    pub(crate) async fn access(&self, by: &Program) -> String {
        self.token(by, &[("grant_type", "client_credentials")]).await.at("/access_token")
    }

    pub(crate) async fn introspected(&self, by: &Program, token: &str) -> Got {
        self.form("introspect", by, &[("token", token)]).await
    }

    pub(crate) fn call(&self, method: Method, path: &str, token: &str) -> Call {
        self.app.call(method, &format!("/techcorp{path}")).key(token)
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Got {
        self.call(Method::GET, path, token).send(Body::empty()).await
    }

    pub(crate) async fn passes(&self, by: &str) {
        let call = self.app.call(Method::POST, "/v1/sandbox/clock").key(&self.test);
        let moved = call.json(&json!({"advance": by})).await;
        assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
    }
}
