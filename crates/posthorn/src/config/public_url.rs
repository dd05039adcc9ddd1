//! Where payers reach a server: what links to payments begin with.

use serde::Deserialize;
use url::Url;

/// An http or https URL that paths can be put behind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct PublicUrl(pub(crate) String);

/// What cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is no http or https URL without query and fragment, as in `https://pay.example.com`"
)]
pub(crate) struct NoBase {
    given: String,
}

impl TryFrom<String> for PublicUrl {
    type Error = NoBase;

    fn try_from(given: String) -> Result<Self, NoBase> {
        let fits = |url: &Url| {
            matches!(url.scheme(), "http" | "https")
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        };
        match Url::parse(&given).ok().filter(fits) {
            Some(url) => Ok(Self(String::from(url).trim_end_matches('/').to_owned())),
            None => Err(NoBase { given }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_paths_can_be_put_behind_is_a_public_url() {
        let read = |text: &str| PublicUrl::try_from(text.to_owned()).map(|url| url.0);
        assert_eq!(read("https://pay.example.com/"), Ok("https://pay.example.com".to_owned()));
        assert_eq!(read("http://10.0.0.1:8080/a/"), Ok("http://10.0.0.1:8080/a".to_owned()));
        for bad in ["pay.example.com", "ftp://a", "https://a/?b=c", "https://a/#b", "https://u:p@a"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
