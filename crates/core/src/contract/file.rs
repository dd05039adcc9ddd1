//! Reads a whole contract file: every field, every fault.

use std::time::Duration;

use jiff::SignedDuration;
use toml::de::DeTable;

use super::envelope::Envelope;
use super::fault::{Fault, Flaw, Page};
use super::forms::Forms;
use super::key::{KeyForm, STANDARD_KEY_BYTES};
use super::read::{Section, Text};
use super::signature::{Encoding, Scheme, one_of, read_template};
use super::template::{Hole, Template};
use super::{CatalogueEvent, Contract, catalogue, limits, products, provider, vector};
use crate::duration;
use crate::retry::Schedule;
use crate::secret::Secret;
use crate::transition::Transition;

/// The most waits a schedule may have.
const WAITS_MAX: usize = 64;
/// The longest wait between two tries.
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The longest time one try may take.
const TIMEOUT_MAX: SignedDuration = SignedDuration::from_secs(60);
/// The bounds of `body_bytes_max`.
const BODY_BYTES: std::ops::RangeInclusive<i64> = 1024..=16 * 1024 * 1024;
/// The most headers a contract may add.
const HEADERS_MAX: usize = 32;
/// Headers that belong to the connection, which HTTP itself writes: no contract's, no endpoint's. In
/// lower case, sorted.
pub const CONNECTION_HEADERS: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

const FIELDS: [&str; 18] = [
    "name",
    "title",
    "language",
    "envelope",
    "headers",
    "https_only",
    "body_bytes_max",
    "signature",
    "retry",
    "secret",
    "sandbox",
    "checkout",
    "limits",
    "products",
    "payment",
    "provider",
    "event",
    "vector",
];

/// What the secrets look like that Posthorn makes, and whether an endpoint needs one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretForm {
    /// What they begin with.
    pub prefix: String,
    /// How many random bytes they hold.
    pub bytes: usize,
    /// How those are written.
    pub encoding: Encoding,
    /// Whether an endpoint may have none, and then gets unsigned deliveries.
    pub optional: bool,
}

impl SecretForm {
    /// Makes a secret of [`SecretForm::bytes`] random bytes.
    ///
    /// # Panics
    /// When it is given another number of bytes.
    #[must_use]
    pub fn make(&self, random: &[u8]) -> Secret {
        assert_eq!(random.len(), self.bytes, "a secret is made of the bytes its form asks for");
        let encoded = zeroize::Zeroizing::new(self.encoding.encode(random));
        Secret::new([&*self.prefix, &*encoded].concat())
    }
}

pub(super) fn read(file_name: &str, source: &str) -> Result<Contract, Vec<Fault>> {
    let mut page = Page::new(file_name, source);
    let (document, errors) = DeTable::parse_recoverable(source);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        page.note(Flaw::new(at, error.message().replace('\n', ", ")));
    }
    if !page.is_clean() {
        return Err(page.into_faults());
    }
    let root = Section::open(&mut page, "the contract", (0..0, document.get_ref()), &FIELDS);
    match read_root(&mut page, &root, (file_name, source)) {
        Some(contract) if page.is_clean() => Ok(contract),
        _ => Err(page.into_faults()),
    }
}

fn read_root(
    page: &mut Page<'_>,
    root: &Section<'_>,
    (file, source): (&str, &str),
) -> Option<Contract> {
    let name = root.need_text(page, "name").and_then(|text| read_name(page, &text));
    let title = root.need_text(page, "title");
    let language = root.need_text(page, "language").and_then(|text| read_language(page, &text));
    let https_only = root.flag(page, "https_only");
    let body_bytes_max = root.need_number(page, "body_bytes_max", BODY_BYTES);
    let envelope = root.need_text(page, "envelope").and_then(|text| read_envelope(page, &text));
    let headers = read_headers(page, root);
    let signature = Scheme::read(page, root);
    let retry = read_retry(page, root);
    let secret = read_secret(page, root, signature.as_ref().map(|scheme| scheme.form));
    let sandbox = provider::read_sandbox(page, root);
    let checkout = provider::read_checkout(page, root);
    let limits = limits::read(page, root);
    let product_feed = products::read(page, root);
    let forms = Forms::read(page, root);
    let providers = provider::read(page, root);
    let events = catalogue::read(page, root, &forms);
    let vectors = vector::read(page, root);
    // Only a clean page: a header that could not be read may be the one that carries it.
    if let (Some(scheme), Some(envelope), true) = (&signature, &envelope, page.is_clean()) {
        check_carried(page, root, scheme, (&headers, envelope));
    }
    if checkout.announces {
        check_announced(page, root, &events);
    }
    Some(Contract {
        name: name?,
        title: title?.value.to_owned(),
        language: language?,
        https_only,
        body_bytes_max: usize::try_from(body_bytes_max?).ok()?,
        retry: retry?,
        secret: secret?,
        events,
        providers,
        sandbox,
        checkout,
        limits,
        product_feed,
        source: source.into(),
        file: file.into(),
        envelope: envelope?,
        headers,
        signature: signature?,
        forms,
        vectors,
    })
}

fn read_name(page: &mut Page<'_>, text: &Text<'_>) -> Option<String> {
    let sound = !text.value.is_empty()
        && text.value.len() <= 64
        && text.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !sound {
        let flaw = Flaw::new(text.span.start, format!("`{}` is no contract name", text.value));
        page.note(flaw.hint("use up to 64 lower-case letters, digits and `-`"));
    }
    sound.then(|| text.value.to_owned())
}

fn read_language(page: &mut Page<'_>, text: &Text<'_>) -> Option<String> {
    let mut subtags = text.value.split('-');
    let sound = subtags.next().is_some_and(|tag| matches!(tag.len(), 2 | 3))
        && text.value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !sound {
        let flaw = Flaw::new(text.span.start, format!("`{}` is no language tag", text.value));
        page.note(flaw.hint("write one like `en` or `pt-BR` (BCP 47)"));
    }
    sound.then(|| text.value.to_owned())
}

fn read_envelope(page: &mut Page<'_>, text: &Text<'_>) -> Option<Envelope> {
    Envelope::parse(text.value)
        .map_err(|flaws| {
            for flaw in flaws {
                page.blame(text.span.clone(), text.value, flaw);
            }
        })
        .ok()
}

fn read_headers(page: &mut Page<'_>, root: &Section<'_>) -> Vec<(String, Template)> {
    if !root.has("headers") {
        root.miss(page, "headers");
    }
    let mut headers: Vec<(String, Template)> = Vec::new();
    for (name, value) in root.pairs(page, "headers") {
        let twice = headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name.value));
        let flaw = if twice {
            Some(format!("header `{}` stands in the list twice", name.value))
        } else {
            header_flaw(name.value, value.value)
        };
        if let Some(what) = flaw {
            page.note(Flaw::new(name.span.start, what));
        }
        if let Some(template) = read_template(page, &value, Hole::HEADER) {
            headers.push((name.value.to_owned(), template));
        }
    }
    if headers.len() > HEADERS_MAX {
        let what = format!("{} headers are more than {HEADERS_MAX}", headers.len());
        page.note(Flaw::new(root.span.start, what));
    }
    headers
}

/// What is wrong with a header (RFC 9110, sections 5.1 and 5.5).
fn header_flaw(name: &str, value: &str) -> Option<String> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(token) {
        return Some(format!("`{name}` is no header name"));
    }
    if CONNECTION_HEADERS.iter().any(|other| other.eq_ignore_ascii_case(name)) {
        return Some(format!("header `{name}` belongs to the connection and is not a contract's"));
    }
    let visible = value.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    (!visible || value.trim() != value || value.is_empty()).then(|| {
        format!("header `{name}` must have a value of visible ASCII, without spaces at its ends")
    })
}

fn read_retry(page: &mut Page<'_>, root: &Section<'_>) -> Option<Schedule> {
    let table = root.need_table(page, "retry")?;
    let section =
        Section::open(page, "[retry]", table, &["waits", "timeout", "exhausted", "pause_after"]);
    if !section.has("waits") {
        section.miss(page, "waits");
    }
    let texts = section.texts(page, "waits");
    let waits: Vec<_> =
        texts.iter().filter_map(|text| read_duration(page, text, WAIT_MAX)).collect();
    if waits.len() > WAITS_MAX {
        let what = format!("{} waits are more than {WAITS_MAX}", waits.len());
        page.note(Flaw::new(section.span.start, what));
    }
    let timeout = section.need_text(page, "timeout");
    let timeout = timeout.and_then(|text| read_duration(page, &text, TIMEOUT_MAX));
    let exhausted = section.need_text(page, "exhausted");
    if let Some(empty) = exhausted.as_ref().filter(|text| text.value.is_empty()) {
        page.note(Flaw::new(empty.span.start, "`exhausted` in [retry] must not be empty"));
    }
    let pause_after = section.need_text(page, "pause_after").and_then(|text| match text.value {
        "never" => Some(None),
        _ => read_duration(page, &text, SignedDuration::from_hours(24 * duration::DAYS_MAX))
            .map(Some),
    });
    Some(Schedule {
        waits,
        timeout: Duration::try_from(timeout?).ok()?,
        exhausted: exhausted?.value.to_owned(),
        pause_after: pause_after?,
    })
}

pub(super) fn read_duration(
    page: &mut Page<'_>,
    text: &Text<'_>,
    longest: SignedDuration,
) -> Option<SignedDuration> {
    let what = match duration::parse(text.value) {
        Ok(read) if read.is_zero() => "a duration here must be longer than nothing".to_owned(),
        Ok(read) if read > longest => {
            format!("`{}` is longer than {}", text.value, duration::print(longest))
        }
        Ok(read) => return Some(read),
        Err(bad) => bad.to_string(),
    };
    page.note(Flaw::new(text.span.start, what));
    None
}

fn read_secret(
    page: &mut Page<'_>,
    root: &Section<'_>,
    form: Option<KeyForm>,
) -> Option<SecretForm> {
    let table = root.need_table(page, "secret")?;
    let section =
        Section::open(page, "[secret]", table, &["prefix", "bytes", "encoding", "optional"]);
    let prefix = section.text(page, "prefix").map_or("", |text| text.value).to_owned();
    let bytes = section.need_number(page, "bytes", 16..=64);
    let encoding = one_of(page, &section, "encoding", &Encoding::NAMES);
    let optional = section.flag(page, "optional");
    let bytes = usize::try_from(bytes?).ok()?;
    let standard = prefix == "whsec_"
        && encoding == Some(Encoding::Base64)
        && STANDARD_KEY_BYTES.contains(&bytes);
    if form == Some(KeyForm::Standard) && !standard {
        let flaw = Flaw::new(section.span.start, "these secrets are not standard keys");
        page.note(flaw.hint("use prefix `whsec_`, 24 to 64 bytes, encoding base64"));
    }
    Some(SecretForm { prefix, bytes, encoding: encoding?, optional })
}

/// Whatever a receiver needs to verify must reach it.
fn check_carried(
    page: &mut Page<'_>,
    root: &Section<'_>,
    scheme: &Scheme,
    (headers, envelope): (&[(String, Template)], &Envelope),
) {
    let at = root.table(page, "signature").map_or(0, |(span, _)| span.start);
    let carried = |hole| headers.iter().any(|(_, value)| value.has(hole));
    if !carried(Hole::Signature) && envelope.signature.is_none() {
        let flaw = Flaw::new(at, "nothing carries the signature");
        page.note(
            flaw.hint("put `{signature}` into a header, or `$signature` last in the envelope"),
        );
    }
    for hole in [Hole::Id, Hole::Timestamp] {
        if scheme.content.has(hole) && !carried(hole) {
            let what = format!("`{}` is signed, but no header carries it", hole.written());
            page.note(Flaw::new(at, what).hint("a receiver could not verify"));
        }
    }
}

/// What a checkout tells of its payment is that one's first event: there is one, and no other.
fn check_announced(page: &mut Page<'_>, root: &Section<'_>, events: &[CatalogueEvent]) {
    let told = |event: &&CatalogueEvent| event.on.contains(&Transition::PaymentCreated);
    let count = events.iter().filter(told).count();
    if count != 1 {
        let at = root.table(page, "checkout").map_or(0, |(span, _)| span.start);
        let what = format!("`announces_payment` needs one event on `payment.created`, not {count}");
        page.note(Flaw::new(at, what).hint("it is the payment's first, and is sent once"));
    }
}
