//! "Error Response Format": every error of SentinelGate's API.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use posthorn_core::json::{Json, Style};
use posthorn_engine::{EngineError, Unauthorized};

use crate::problem::{self, Problem};

/// What went wrong, by the guide's "HTTP Status Codes".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    InvalidRequest,
    InvalidAmount,
    InvalidCurrency,
    InvalidProvider,
    InvalidPhone,
    InvalidCard,
    InvalidMetadata,
    InvalidCallback,
    Unauthorized,
    InsufficientFunds,
    PaymentNotFound,
    PayoutNotFound,
    NotFound,
    MethodNotAllowed,
    DuplicateReference,
    RateLimited,
    InternalError,
    ProviderError,
    Unavailable,
}

impl Code {
    fn about(self) -> (&'static str, StatusCode) {
        match self {
            Self::InvalidRequest => ("INVALID_REQUEST", StatusCode::BAD_REQUEST),
            Self::InvalidAmount => ("INVALID_AMOUNT", StatusCode::BAD_REQUEST),
            Self::InvalidCurrency => ("INVALID_CURRENCY", StatusCode::BAD_REQUEST),
            Self::InvalidProvider => ("INVALID_PROVIDER", StatusCode::BAD_REQUEST),
            Self::InvalidPhone => ("INVALID_PHONE", StatusCode::BAD_REQUEST),
            Self::InvalidCard => ("INVALID_CARD", StatusCode::BAD_REQUEST),
            Self::InvalidMetadata => ("INVALID_METADATA", StatusCode::BAD_REQUEST),
            Self::InvalidCallback => ("INVALID_CALLBACK_URL", StatusCode::BAD_REQUEST),
            Self::Unauthorized => ("UNAUTHORIZED", StatusCode::UNAUTHORIZED),
            Self::InsufficientFunds => ("INSUFFICIENT_FUNDS", StatusCode::PAYMENT_REQUIRED),
            Self::PaymentNotFound => ("PAYMENT_NOT_FOUND", StatusCode::NOT_FOUND),
            Self::PayoutNotFound => ("PAYOUT_NOT_FOUND", StatusCode::NOT_FOUND),
            Self::NotFound => ("NOT_FOUND", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => ("METHOD_NOT_ALLOWED", StatusCode::METHOD_NOT_ALLOWED),
            Self::RateLimited => ("RATE_LIMIT_EXCEEDED", StatusCode::TOO_MANY_REQUESTS),
            Self::DuplicateReference => ("DUPLICATE_REFERENCE", StatusCode::CONFLICT),
            Self::InternalError => ("INTERNAL_ERROR", StatusCode::INTERNAL_SERVER_ERROR),
            Self::ProviderError => ("PROVIDER_ERROR", StatusCode::BAD_GATEWAY),
            Self::Unavailable => ("SERVICE_UNAVAILABLE", StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

/// An error, as the guide prints it.
#[derive(Debug)]
pub(super) struct Fault {
    code: Code,
    message: String,
    field: Option<String>,
    retry_after_s: Option<u32>,
    cause: Option<Box<Problem>>,
}

impl Fault {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None, retry_after_s: None, cause: None }
    }

    /// Nothing was sent, since nobody answered at the provider.
    pub(super) fn unreached() -> Self {
        let what = "the provider cannot be reached at the moment; try a different one";
        Self::new(Code::ProviderError, what).at("provider")
    }

    /// The same about a payout.
    pub(super) fn of_payout(self) -> Self {
        let not_found = self.code == Code::PaymentNotFound;
        Self { code: if not_found { Code::PayoutNotFound } else { self.code }, ..self }
    }

    pub(super) fn at(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (code, status) = self.code.about();
        let text = |text: &str| Json::from(text);
        let field = self.field.as_deref().map(|field| ("field", text(field)));
        let error =
            [("code", text(code)), ("message", text(&self.message))].into_iter().chain(field);
        let body = [("success", Json::Bool(false)), ("error", Json::object(error))];
        let body = Json::object(body).to_vec(Style::Js);
        let kind = [(header::CONTENT_TYPE, "application/json")];
        let mut response = (status, kind, body).into_response();
        if let Some(after) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after));
        }
        problem::left_with(&mut response, self.cause);
        response
    }
}

impl From<Unauthorized> for Fault {
    fn from(refusal: Unauthorized) -> Self {
        match refusal {
            Unauthorized::Unavailable => Problem::from(refusal).into(),
            Unauthorized::Unknown | Unauthorized::Revoked(_) | Unauthorized::WrongKind(_) => {
                Self::new(Code::Unauthorized, "these API credentials are not valid")
            }
        }
    }
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        match &error {
            EngineError::OtherAmount { .. } => {
                Self::new(Code::InvalidAmount, message).at("amount_cents")
            }
            EngineError::OtherProvider { .. } | EngineError::OtherMethod { .. } => {
                Self::new(Code::DuplicateReference, message).at("metadata.order_reference")
            }
            EngineError::NoLiveProvider => Self::new(Code::ProviderError, message),
            EngineError::InsufficientBalance { .. } => Self::new(Code::InsufficientFunds, message),
            EngineError::Setting { field: "callback_url", what } => {
                Self::new(Code::InvalidCallback, what.clone()).at("callback_url")
            }
            EngineError::Setting { field: "reference", what } => {
                Self::new(Code::InvalidMetadata, what.clone()).at("metadata.order_reference")
            }
            EngineError::Setting { field: "currency", what } => {
                Self::new(Code::InvalidCurrency, what.clone()).at("currency")
            }
            EngineError::Setting { field: "amount", what } => {
                Self::new(Code::InvalidAmount, what.clone()).at("amount_cents")
            }
            EngineError::Setting { field, what } => {
                Self::new(Code::InvalidRequest, what.clone()).at(*field)
            }
            EngineError::Event(_)
            | EngineError::NotInCatalogue { .. }
            | EngineError::Refused(_)
            | EngineError::Missing { .. }
            | EngineError::Forgotten { .. }
            | EngineError::Conflict { .. }
            | EngineError::KeyReused
            | EngineError::KeyInFlight
            | EngineError::IdTaken
            | EngineError::WrongMode { .. }
            | EngineError::Payment(_)
            | EngineError::Checkout(_)
            | EngineError::Order(_)
            | EngineError::Busy { .. }
            | EngineError::Store(_)
            | EngineError::CardToken(_)
            | EngineError::UnknownCardToken
            | EngineError::Broken { .. } => Problem::from(error).into(),
        }
    }
}

/// What the native API would say, in this platform's words.
impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        let status = problem.code.about().status;
        let code = match status {
            401 | 403 => Code::Unauthorized,
            402 => Code::InsufficientFunds,
            404 => Code::PaymentNotFound,
            409 => Code::DuplicateReference,
            429 => Code::RateLimited,
            503 => Code::Unavailable,
            status if status < 500 => Code::InvalidRequest,
            _ => Code::InternalError,
        };
        let field = problem.field.as_ref().map(ToString::to_string);
        let (message, retry_after_s) = (problem.document(None).detail, problem.retry_after_s);
        Self { code, message, field, retry_after_s, cause: Some(Box::new(problem)) }
    }
}
