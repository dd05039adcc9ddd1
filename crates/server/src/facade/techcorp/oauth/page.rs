//! The page on which a user lets an application in, in Portuguese and in English.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use posthorn_core::id::MerchantId;
use posthorn_core::oauth::{RedirectUri, Refusal, Scopes};
use url::Url;

use super::form::Pairs;
use crate::html::escaped;

/// The only style: its hash stands in the policy.
const STYLE: &str = "body{font-family:system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1b1f24}\
main{max-width:26rem;margin:2rem auto;padding:1.5rem;background:#fff;border-radius:.75rem}\
label{display:block;margin:.75rem 0}input,select{display:block;box-sizing:border-box;width:100%;margin-top:.25rem;\
padding:.6rem;font:inherit;border:1px solid #8b949e;border-radius:.5rem}button{display:block;width:100%;\
margin-top:1rem;padding:.75rem;font:inherit;color:#fff;background:#1a5fb4;border:0;border-radius:.5rem}\
button.no{color:#1b1f24;background:#e3e6ea}.bad{color:#a51d2d}";
/// The style's hash.
const STYLE_HASH: &str = "OcAdWjIedoqdM5ZTremuUMKpqDAf17qV2407fXhG/rE=";
/// What of a request goes through the form; nothing else does.
const CARRIED: [&str; 7] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// One language.
pub(super) struct Words {
    language: &'static str,
    title: &'static str,
    wants: &'static str,
    read: &'static str,
    write: &'static str,
    to: &'static str,
    email: &'static str,
    password: &'static str,
    allow: &'static str,
    deny: &'static str,
    pub(super) wrong: &'static str,
    pub(super) too_often: &'static str,
    pub(super) unfit: &'static str,
    pub(super) not_now: &'static str,
    pub(super) elsewhere: &'static str,
    pub(super) several: &'static str,
    account: &'static str,
    back: &'static str,
    set: &'static str,
    current: &'static str,
    new: &'static str,
    save: &'static str,
    pub(super) saved: &'static str,
    pub(super) short: &'static str,
    pub(super) link_over: &'static str,
}

const PORTUGUESE: Words = Words {
    language: "pt-BR",
    title: "Autorizar aplicativo",
    wants: "quer acessar a sua conta",
    read: "Ver pagamentos e o que mais há na conta",
    write: "Criar e alterar pagamentos e o que mais há na conta",
    to: "Depois você volta para",
    email: "E-mail",
    password: "Senha",
    allow: "Autorizar",
    deny: "Cancelar",
    wrong: "E-mail ou senha incorretos",
    too_often: "Muitas tentativas. Espere um quarto de hora",
    unfit: "Este pedido de autorização não é válido. Volte ao aplicativo e comece de novo",
    not_now: "Não foi possível agora. Tente de novo em instantes",
    elsewhere: "Este aplicativo é de outro ambiente (teste ou produção), que fica em outro endereço",
    several: "Você tem mais de uma conta. Escolha uma e digite a senha de novo",
    account: "Conta",
    back: "Voltar para",
    set: "Definir a senha",
    current: "Senha atual",
    new: "Nova senha (10 caracteres ou mais)",
    save: "Salvar",
    saved: "A senha foi salva",
    short: "A nova senha precisa ter de 10 a 256 caracteres",
    link_over: "Este link não vale mais. Peça outro a quem o enviou",
};

const ENGLISH: Words = Words {
    language: "en",
    title: "Authorize application",
    wants: "wants to use your account",
    read: "See payments and whatever else is in the account",
    write: "Create and change payments and whatever else is in the account",
    to: "You then go back to",
    email: "E-mail",
    password: "Password",
    allow: "Authorize",
    deny: "Cancel",
    wrong: "The e-mail address or the password is wrong",
    too_often: "Too many tries. Wait a quarter of an hour",
    unfit: "This request for authorization is not valid. Go back to the application and begin again",
    not_now: "It is not possible at the moment. Try again in an instant",
    elsewhere: "This application is of the other environment (test or production), which is at another address",
    several: "You have more than one account. Choose one and type your password again",
    account: "Account",
    back: "Back to",
    set: "Set your password",
    current: "Current password",
    new: "New password (10 characters or more)",
    save: "Save",
    saved: "Your password is saved",
    short: "The new password must have 10 to 256 characters",
    link_over: "This link is no longer good. Ask whoever sent it for another",
};

impl Words {
    /// English for whoever asks for it first, Portuguese for everybody else.
    pub(super) fn choose(asked: Option<&str>) -> &'static Self {
        let first = asked.unwrap_or_default().trim_start().to_ascii_lowercase();
        if first.starts_with("en") { &ENGLISH } else { &PORTUGUESE }
    }
}

/// What a user is asked.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) name: &'a str,
    pub(super) to: &'a RedirectUri,
    pub(super) scopes: Scopes,
    pub(super) pairs: &'a Pairs,
    /// The user's accounts, where it has to say which it means.
    pub(super) accounts: &'a [(MerchantId, String)],
}

/// The page, with what is wrong if the user was here before.
pub(super) fn asks(
    status: StatusCode,
    words: &Words,
    ask: &Ask<'_>,
    wrong: Option<&str>,
) -> Response {
    let origin = origin(ask.to.as_str());
    let mut said = format!("<h1>{}</h1><p>{}</p><ul>", escaped(ask.name), words.wants);
    let granted = [(ask.scopes.read, words.read), (ask.scopes.write, words.write)];
    for (_, what) in granted.iter().filter(|(granted, _)| *granted) {
        let _infallible = write!(said, "<li>{what}</li>");
    }
    let _infallible = write!(said, "</ul><p>{} <b>{}</b></p>", words.to, escaped(&origin));
    if let Some(wrong) = wrong {
        let _infallible = write!(said, "<p class=\"bad\" role=\"alert\">{wrong}</p>");
    }
    said.push_str("<form method=\"post\" action=\"authorize\">");
    for name in CARRIED {
        if let Some(value) = ask.pairs.get(name) {
            let value = escaped(value);
            let _infallible =
                write!(said, "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
        }
    }
    let Words { email, password, allow, deny, .. } = words;
    let accounts = accounts(words, ask.accounts);
    let _infallible = write!(
        said,
        "<label>{email}<input name=\"email\" type=\"email\" autocomplete=\"username\"></label>\
         <label>{password}<input name=\"password\" type=\"password\" autocomplete=\"current-password\"></label>\
         {accounts}<button name=\"decision\" value=\"allow\">{allow}</button>\
         <button class=\"no\" name=\"decision\" value=\"deny\">{deny}</button></form>"
    );
    document(status, words, &said)
}

/// Whose password is set.
#[derive(Clone, Copy)]
pub(super) enum Sets<'a> {
    /// Whoever is invited: by this invitation, with this address.
    Invited(&'a str, &'a str),
    /// Whoever knows the password so far, in this mode.
    Known(&'a str),
}

/// The page on which a user sets its password.
pub(super) fn sets(
    status: StatusCode,
    words: &Words,
    whose: Sets<'_>,
    wrong: Option<&str>,
) -> Response {
    let Words { set, email, current, new, save, .. } = words;
    let mut said = format!("<h1>{set}</h1>");
    if let Some(wrong) = wrong {
        let _infallible = write!(said, "<p class=\"bad\" role=\"alert\">{wrong}</p>");
    }
    let _infallible = match whose {
        Sets::Invited(token, address) => write!(
            said,
            "<p>{address}</p><form method=\"post\" action=\"password\">\
             <input type=\"hidden\" name=\"token\" value=\"{token}\">\
             <input type=\"hidden\" name=\"email\" autocomplete=\"username\" value=\"{address}\">",
            address = escaped(address),
            token = escaped(token),
        ),
        Sets::Known(mode) => write!(
            said,
            "<form method=\"post\" action=\"password\"><input type=\"hidden\" name=\"mode\" value=\"{mode}\">\
             <label>{email}<input name=\"email\" type=\"email\" autocomplete=\"username\"></label>\
             <label>{current}<input name=\"password\" type=\"password\" autocomplete=\"current-password\"></label>"
        ),
    };
    let _infallible = write!(
        said,
        "<label>{new}<input name=\"new_password\" type=\"password\" minlength=\"10\" autocomplete=\"new-password\"></label>\
         <button>{save}</button></form>"
    );
    document(status, words, &said)
}

/// Which of its accounts the user means, where it has several.
fn accounts(words: &Words, accounts: &[(MerchantId, String)]) -> String {
    if accounts.is_empty() {
        return String::new();
    }
    let option = |(id, name): &(MerchantId, String)| {
        format!("<option value=\"{id}\">{}</option>", escaped(name))
    };
    let options: String = accounts.iter().map(option).collect();
    format!("<label>{}<select name=\"account\">{options}</select></label>", words.account)
}

/// A page that only says something.
pub(super) fn tells(status: StatusCode, words: &Words, what: &str) -> Response {
    document(status, words, &format!("<h1>{what}</h1>"))
}

/// A page that says what is wrong with a request, to its user and to whoever made the application, with a way back.
pub(super) fn refuses(words: &Words, refusal: &Refusal, back: &Url) -> Response {
    let origin = back.origin().ascii_serialization();
    let said = format!(
        "<h1>{}</h1><p>{}: {}</p><p><a rel=\"noreferrer\" href=\"{}\">{} {}</a></p>",
        words.unfit,
        refusal.fault.name(),
        escaped(&refusal.described()),
        escaped(back.as_str()),
        words.back,
        escaped(&origin),
    );
    document(StatusCode::BAD_REQUEST, words, &said)
}

/// Where a redirect URI leads, in short.
fn origin(uri: &str) -> String {
    Url::parse(uri).map_or_else(|_| String::new(), |url| url.origin().ascii_serialization())
}

/// The policy says nothing of where forms may lead (`form-action`): browsers hold that against each redirect which follows, and
/// only the application knows how many of those there are. There is one form, and it is ours.
fn document(status: StatusCode, words: &Words, said: &str) -> Response {
    let Words { language, title, .. } = words;
    let page = format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main>{said}</main></body></html>"
    );
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_LANGUAGE, language),
        (header::VARY, "accept-language"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let mut response = (status, headers, page).into_response();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_policy_lets_the_one_style_in() {
        assert_eq!(STYLE_HASH, BASE64.encode(&Sha256::digest(STYLE)));
    }
}
