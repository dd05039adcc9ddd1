//! Which application asks, and how it proves that: in the `Authorization` header or in the form, never in both (RFC 6749,
//! section 2.3).

use data_encoding::BASE64;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use posthorn_core::oauth::{Application, ClientKind, Fault, Refusal};
use posthorn_core::secret::Secret;
use posthorn_engine::{By, Caller};
use url::form_urlencoded;

use super::fault::Refused;
use super::form::Form;
use crate::app::App;
use crate::facade::techcorp::client::{admit_program, admit_unproven};

/// The application that sent a form, which has not asked too often. One that proves itself is counted as its merchant's; what
/// calls itself a public one anybody may have sent, so it is counted by its address.
pub(super) async fn client(app: &App, form: &Form) -> Result<Application, Refused> {
    let (client, secret) = credentials(&form.parts.headers, form)?;
    let secret = secret.as_ref().map(Secret::expose);
    let client = app.engine().client(&client, secret).await?;
    let (id, mode, by) = (client.merchant, client.mode, By::Program(client.id));
    let caller = Caller::Merchant { id, mode, by };
    match client.kind {
        ClientKind::Confidential => admit_program(app, &form.parts, caller).await?,
        ClientKind::Public => admit_unproven(app, &form.parts, caller).await?,
    }
    Ok(client)
}

fn credentials(headers: &HeaderMap, form: &Form) -> Result<(String, Option<Secret>), Refusal> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let in_form = (form.get("client_id"), form.get("client_secret"));
    let Some(header) = given.next() else {
        let (client, secret) = in_form;
        let nobody = || Fault::InvalidClient.because("the client does not say who it is");
        let client = client.ok_or_else(nobody)?.to_owned();
        return Ok((client, secret.map(|secret| Secret::new(secret.to_owned()))));
    };
    if given.next().is_some() || in_form.1.is_some() {
        let what = "the client proves itself in more than one way";
        return Err(Fault::InvalidRequest.because(what));
    }
    let (client, secret) = header.to_str().ok().and_then(basic).ok_or_else(|| {
        Fault::InvalidClient
            .because("`Authorization` must be `Basic` with client_id and client_secret")
    })?;
    if in_form.0.is_some_and(|named| named != client) {
        let what = "`client_id` is not the client in `Authorization`";
        return Err(Fault::InvalidRequest.because(what));
    }
    Ok((client, Some(secret)))
}

/// `Basic` with both parts encoded as in a form, as the RFC wants it.
fn basic(header: &str) -> Option<(String, Secret)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = BASE64.decode(encoded.trim().as_bytes()).ok()?;
    let text = Secret::new(String::from_utf8(bytes).ok()?);
    let (client, secret) = text.expose().split_once(':')?;
    Some((decoded(client)?, Secret::new(decoded(secret)?)))
}

fn decoded(text: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    let (name, value) = pairs.next()?;
    (value.is_empty() && pairs.next().is_none()).then(|| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, String)> {
        let header = format!("Basic {}", BASE64.encode(text.as_bytes()));
        basic(&header).map(|(client, secret)| (client, secret.expose().to_owned()))
    }

    #[test]
    fn both_parts_of_basic_are_encoded_as_in_a_form() {
        let pair = |client: &str, secret: &str| Some((client.to_owned(), secret.to_owned()));
        assert_eq!(read("client_1:cs_-x"), pair("client_1", "cs_-x"));
        assert_eq!(read("client%5F1:a%3Ab+c"), pair("client_1", "a:b c"));
        for bad in ["", "client", ":secret", "client:", "a=b:c", "a&b:c"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        for header in ["Bearer abc", "Basic", "Basic ???", "Basic /w=="] {
            assert!(basic(header).is_none(), "{header}");
        }
    }
}
