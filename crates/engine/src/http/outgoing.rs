//! The request as hyper wants it, made from the values of [`crate::transport::Request`].

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Uri};
use http_body_util::Full;
use posthorn_core::contract::CONNECTION_HEADERS;
use url::{Position, Url};

use crate::transport::{ErrorClass, Request, Unreachable};

/// A POST of `request`, with `Host` first and `Content-Length` last.
pub(super) fn outgoing(request: &Request) -> Result<http::Request<Full<Bytes>>, Unreachable> {
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 2);
    headers.insert(HOST, host(&request.url)?);
    for (name, value) in &request.headers {
        let (name, value) = field(name, value)?;
        headers.append(name, value);
    }
    headers.insert(CONTENT_LENGTH, HeaderValue::from(request.body.len()));
    let target = &request.url[Position::BeforePath..Position::AfterQuery];
    let target = PathAndQuery::try_from(target)
        .map_err(|error| unsendable(&format!("path `{target}` cannot be sent: {error}")))?;
    let mut outgoing = http::Request::new(Full::new(request.body.clone()));
    *outgoing.method_mut() = Method::POST;
    *outgoing.uri_mut() = Uri::from(target);
    *outgoing.headers_mut() = headers;
    Ok(outgoing)
}

fn field(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Unreachable> {
    let parsed = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| unsendable(&format!("header name `{}` is not valid", name.escape_debug())))?;
    if CONNECTION_HEADERS.binary_search(&parsed.as_str()).is_ok() {
        return Err(unsendable(&format!("header `{name}` is set by the transport; remove it")));
    }
    let value = HeaderValue::from_str(value).map_err(|_| {
        unsendable(&format!("the value of header `{name}` has characters that HTTP cannot carry"))
    })?;
    Ok((parsed, value))
}

/// The host as it was written, with its port unless it is the scheme's own, without a final dot.
fn host(url: &Url) -> Result<HeaderValue, Unreachable> {
    let written = &url[Position::BeforeHost..Position::AfterPort];
    let host = match url.domain().and_then(|name| name.strip_suffix('.')) {
        None => HeaderValue::from_str(written),
        Some(name) => match url.port() {
            None => HeaderValue::from_str(name),
            Some(port) => HeaderValue::try_from(format!("{name}:{port}")),
        },
    };
    host.map_err(|_| unsendable("the host cannot be sent as a header"))
}

fn unsendable(why: &str) -> Unreachable {
    Unreachable::new(ErrorClass::Protocol, format!("nothing was sent: {why}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::transport::Reach;

    fn request(url: &str, headers: &[(&str, &str)]) -> Request {
        let headers =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Request {
            url: url.parse().unwrap(),
            headers,
            body: Bytes::from_static(b"{}"),
            timeout: Duration::from_secs(1),
            reach: Reach::Public,
        }
    }

    #[test]
    fn the_table_of_our_headers_is_sorted() {
        assert!(CONNECTION_HEADERS.is_sorted());
    }

    #[test]
    fn host_and_target_come_from_the_url_without_its_fragment() {
        let sent = outgoing(&request("https://a.example.:8443/x%20y?q=[1]|{2}#f", &[])).unwrap();
        assert_eq!(sent.uri(), "/x%20y?q=[1]|{2}");
        assert_eq!(sent.headers()[HOST], "a.example:8443");
        assert_eq!(sent.headers()[CONTENT_LENGTH], "2");
        let sent = outgoing(&request("https://[2606:4700::1]/", &[])).unwrap();
        assert_eq!(sent.headers()[HOST], "[2606:4700::1]");
    }

    #[test]
    fn what_cannot_be_sent_is_an_error_that_names_the_header() {
        for (name, value, word) in [
            ("X Bad", "1", "X Bad"),
            ("", "1", "not valid"),
            ("X-Line", "a\r\nX-Other: b", "X-Line"),
            ("X-Nul", "\0", "X-Nul"),
            ("Host", "other.example", "set by the transport"),
            ("Content-Length", "0", "set by the transport"),
            ("TRANSFER-ENCODING", "chunked", "set by the transport"),
        ] {
            let error = outgoing(&request("https://a.example/", &[(name, value)])).unwrap_err();
            assert_eq!(error.class, ErrorClass::Protocol, "{name}");
            assert!(error.detail.contains(word), "{}", error.detail);
        }
    }

    #[test]
    fn a_header_may_be_given_twice_and_hold_text_that_is_not_ascii() {
        let twice = [("X-Signature", "v1=a"), ("X-Signature", "v1=b"), ("X-Name", "Żółć")];
        let sent = outgoing(&request("https://a.example/", &twice)).unwrap();
        assert_eq!(sent.headers().get_all("x-signature").iter().count(), 2);
        assert_eq!(sent.headers()["x-name"].as_bytes(), "Żółć".as_bytes());
    }
}
