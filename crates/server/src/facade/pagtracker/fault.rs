//! What PagTracker's API answers when it does not do it: in Portuguese, with a code for programs.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use posthorn_core::checkout;
use posthorn_core::payment::Refused;
use posthorn_engine::EngineError;
use serde_json::json;

use crate::problem::{self, Problem};

/// What makes a repeated request the same one.
const KEY: &str = "Idempotency-Key";

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    InvalidRequest,
    Unauthorized,
    NotFound,
    MethodNotAllowed,
    Conflict,
    KeyInUse,
    KeyReused,
    TooLarge,
    InvalidValue,
    NoLiveProvider,
    Unreached,
    TooManyRequests,
    Internal,
    Unavailable,
}

impl Code {
    fn about(self) -> (&'static str, StatusCode) {
        match self {
            Self::InvalidRequest => ("requisicao_invalida", StatusCode::BAD_REQUEST),
            Self::Unauthorized => ("nao_autorizado", StatusCode::UNAUTHORIZED),
            Self::NotFound => ("nao_encontrado", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => ("metodo_nao_permitido", StatusCode::METHOD_NOT_ALLOWED),
            Self::Conflict => ("conflito", StatusCode::CONFLICT),
            Self::KeyInUse => ("chave_em_uso", StatusCode::CONFLICT),
            Self::KeyReused => ("chave_reutilizada", StatusCode::UNPROCESSABLE_ENTITY),
            Self::TooLarge => ("corpo_muito_grande", StatusCode::PAYLOAD_TOO_LARGE),
            Self::InvalidValue => ("valor_invalido", StatusCode::UNPROCESSABLE_ENTITY),
            Self::NoLiveProvider => ("provedor_nao_configurado", StatusCode::UNPROCESSABLE_ENTITY),
            Self::Unreached => ("provedor_indisponivel", StatusCode::BAD_GATEWAY),
            Self::TooManyRequests => ("muitas_requisicoes", StatusCode::TOO_MANY_REQUESTS),
            Self::Internal => ("erro_interno", StatusCode::INTERNAL_SERVER_ERROR),
            Self::Unavailable => ("indisponivel", StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    fn of(status: u16) -> (Self, &'static str) {
        match status {
            403 => (
                Self::Unauthorized,
                "esta chave não é de um lojista do PagTracker; use a API do contrato dele",
            ),
            401 => {
                (Self::Unauthorized, "envie `Authorization: Bearer <chave>` com uma chave válida")
            }
            404 => (Self::NotFound, "não encontrado"),
            409 => (Self::Conflict, "isto não é possível na situação atual"),
            413 => (Self::TooLarge, "o corpo da requisição é grande demais"),
            422 => (Self::InvalidValue, "um valor não pode ser usado"),
            429 => (Self::TooManyRequests, "muitas requisições; tente de novo em instantes"),
            501 => (
                Self::NoLiveProvider,
                "nenhum provedor configurado para o modo live; use uma chave de teste (`sk_test_…`)",
            ),
            503 => (
                Self::Unavailable,
                "indisponível no momento; nada foi feito, tente de novo em instantes",
            ),
            status if status < 500 => (Self::InvalidRequest, "a requisição não pode ser lida"),
            _ => (Self::Internal, "erro interno; o operador o encontra no log"),
        }
    }
}

/// An error.
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

    /// A member whose value cannot be used.
    pub(super) fn unfit(field: &str, what: impl std::fmt::Display) -> Self {
        Self::new(Code::InvalidValue, format!("`{field}` {what}")).at(field)
    }

    /// Nobody could be asked to take a charge.
    pub(super) fn unreached() -> Self {
        let what = "o provedor não pode ser alcançado no momento; nada foi cobrado, tente de novo \
                    (com outra `Idempotency-Key`, se enviou uma)";
        Self::new(Code::Unreached, what)
    }

    pub(super) fn at(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (code, status) = self.code.about();
        let mut error = json!({"codigo": code, "mensagem": self.message});
        if let (Some(field), Some(members)) = (self.field, error.as_object_mut()) {
            members.insert("campo".to_owned(), field.into());
        }
        let mut response = (status, Json(json!({"erro": error}))).into_response();
        let headers = response.headers_mut();
        if let Some(after) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after));
        }
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"pagtracker\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        problem::left_with(&mut response, self.cause);
        response
    }
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        match &error {
            EngineError::Payment(Refused::TooMuch { .. }) => {
                Self::unfit("valor", "é maior do que resta para reembolsar")
            }
            EngineError::Payment(Refused::NotNow { .. }) => {
                let what = "a situação atual da cobrança não permite esta operação";
                Self::new(Code::Conflict, what)
            }
            EngineError::Refused(_) => {
                Self::unfit("url", "leva a um endereço que não é permitido (privado ou reservado)")
            }
            EngineError::Setting { field, .. } => setting(field),
            EngineError::Checkout(refused) => checkout(refused),
            EngineError::KeyInFlight => {
                let what = "uma requisição com esta `Idempotency-Key` está em andamento; tente de novo em um segundo";
                let fault = Self::new(Code::KeyInUse, what).at(KEY);
                Self { retry_after_s: Some(1), ..fault }
            }
            EngineError::KeyReused => {
                let what =
                    "esta `Idempotency-Key` já foi usada com outra requisição; envie uma nova";
                Self::new(Code::KeyReused, what).at(KEY)
            }
            EngineError::Payment(_)
            | EngineError::Order(_)
            | EngineError::NoLiveProvider
            | EngineError::OtherAmount { .. }
            | EngineError::OtherProvider { .. }
            | EngineError::OtherMethod { .. }
            | EngineError::InsufficientBalance { .. }
            | EngineError::Event(_)
            | EngineError::NotInCatalogue { .. }
            | EngineError::Missing { .. }
            | EngineError::Forgotten { .. }
            | EngineError::Conflict { .. }
            | EngineError::IdTaken
            | EngineError::WrongMode { .. }
            | EngineError::Busy { .. }
            | EngineError::Store(_)
            | EngineError::CardToken(_)
            | EngineError::UnknownCardToken
            | EngineError::Broken { .. } => Problem::from(error).into(),
        }
    }
}

fn checkout(refused: &checkout::Refused) -> Fault {
    let what = match refused {
        checkout::Refused::Paid => "o checkout já foi pago; abra outro",
        checkout::Refused::Paying { .. } => {
            "uma cobrança deste checkout ainda pode ser paga; aguarde ou cancele-a"
        }
        checkout::Refused::Over { .. } => "o checkout não pode mais ser pago; abra outro",
    };
    Fault::new(Code::Conflict, what)
}

/// A setting that the engine refused, by the name that this API has for it.
fn setting(field: &str) -> Fault {
    match field {
        "url" => Fault::unfit("url", "deve ser absoluta, como `https://seusistema.com/webhooks`"),
        "secret" => Fault::unfit("segredo", "deve ter de 8 a 512 caracteres ASCII visíveis"),
        "description" => Fault::unfit(
            "descricao",
            "não pode ser usada: é longa demais, ou tem um número de cartão",
        ),
        "events" => Fault::unfit("eventos", "deve ter pelo menos um evento"),
        "metadata" => Fault::unfit(
            "metadata",
            "tem um número de cartão ou um código de segurança, que não se guarda",
        ),
        "split" => Fault::unfit("splits", "não pode ser usado: confira nomes, chaves e valores"),
        "reason" => Fault::unfit("motivo", "não pode ser usado"),
        "amount" => Fault::unfit("valor", "está fora do que o provedor aceita"),
        other => Fault::unfit(other, "não pode ser usado"),
    }
}

/// What the native API would say, in this platform's words.
impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        let (code, what) = if problem.code == problem::Code::WrongMode {
            let what = "este endereço é do outro modo (teste ou produção); use uma chave dele, ou o endereço do seu";
            (Code::Unauthorized, what)
        } else {
            Code::of(problem.code.about().status)
        };
        let field = problem.field.as_ref().map(ToString::to_string);
        let mut message = match &field {
            Some(field) => format!("`{field}`: {what}"),
            None => what.to_owned(),
        };
        if let Some(place) = &problem.place {
            let place = format!(" (linha {}, coluna {})", place.line, place.column);
            message.push_str(&place);
        }
        let retry_after_s = problem.retry_after_s;
        Self { code, message, field, retry_after_s, cause: Some(Box::new(problem)) }
    }
}
