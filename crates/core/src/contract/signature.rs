//! How a contract signs: what is signed, how a signature is written, how several share a header.

use data_encoding::{BASE64, HEXLOWER};

use super::fault::{Flaw, Page, nearest};
use super::key::{CheckingKey, KeyForm, Mac, SigningKey};
use super::read::{Section, Text};
use super::template::{Filling, Hole, Template};

/// How bytes become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Lower-case hexadecimal.
    Hex,
    /// Standard base64 with padding (RFC 4648, section 4).
    Base64,
}

impl Encoding {
    pub(super) const NAMES: [(&'static str, Self); 2] =
        [("hex", Self::Hex), ("base64", Self::Base64)];

    /// As text.
    #[must_use]
    pub fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => HEXLOWER.encode(bytes),
            Self::Base64 => BASE64.encode(bytes),
        }
    }

    fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex => HEXLOWER.decode(text.as_bytes()).ok(),
            Self::Base64 => BASE64.decode(text.as_bytes()).ok(),
        }
    }
}

/// A contract's `[signature]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scheme {
    /// What is signed.
    pub content: Template,
    /// What a secret's text stands for.
    pub form: KeyForm,
    /// How a signature's bytes are written.
    pub encoding: Encoding,
    /// What stands between several signatures; `None` when a header has room for one.
    pub join: Option<String>,
    hmac: Template,
    ed25519: Option<Template>,
}

impl Scheme {
    /// The whole signature: by every key when there is room, else by the first.
    pub(super) fn sign(&self, keys: &[SigningKey], filling: Filling<'_>) -> String {
        let room = if self.join.is_some() { keys.len() } else { 1 };
        let signatures: Vec<_> = keys
            .iter()
            .take(room)
            .map(|key| self.written(&key.sign(self.content.pieces(filling))))
            .collect();
        signatures.join(self.join.as_deref().unwrap_or_default())
    }

    /// A signature over bytes alone, encoded and nothing more.
    pub(super) fn mac(&self, key: &SigningKey, bytes: &[u8]) -> String {
        match key.sign(std::iter::once(bytes)) {
            Mac::Hmac(mac) => self.encoding.encode(&mac),
            Mac::Ed25519(mac) => self.encoding.encode(&mac),
        }
    }

    fn written(&self, mac: &Mac) -> String {
        let (template, encoded) = match mac {
            Mac::Hmac(mac) => (&self.hmac, self.encoding.encode(mac)),
            // A contract whose keys can be Ed25519 says how they are written; its reading checks.
            Mac::Ed25519(mac) => {
                (self.ed25519.as_ref().unwrap_or(&self.hmac), self.encoding.encode(mac))
            }
        };
        template.fill(Filling { mac: &encoded, ..Filling::default() })
    }

    /// Whether one of the signatures in `value` was made by this key over the filled content.
    pub(super) fn fits(&self, key: &CheckingKey, value: &str, filling: Filling<'_>) -> bool {
        let template = match key {
            CheckingKey::Hmac(_) => &self.hmac,
            CheckingKey::Ed25519(_) => self.ed25519.as_ref().unwrap_or(&self.hmac),
        };
        let fits_one = |written: &str| {
            let found = template.read(written).unwrap_or_default();
            let text = found.iter().find(|(hole, _)| *hole == Hole::Mac).map(|(_, text)| *text);
            let mac = text.and_then(|text| self.encoding.decode(text));
            mac.is_some_and(|mac| key.fits(&mac, self.content.pieces(filling)))
        };
        match &self.join {
            Some(join) => value.split(join.as_str()).any(fits_one),
            None => fits_one(value),
        }
    }

    /// Whether a signature over bytes alone was made by this key.
    pub(super) fn fits_bytes<'b>(
        &self,
        key: &CheckingKey,
        mac: &str,
        pieces: impl Iterator<Item = &'b [u8]>,
    ) -> bool {
        self.encoding.decode(mac).is_some_and(|mac| key.fits(&mac, pieces))
    }

    // === reading ===

    const FIELDS: [&'static str; 6] = ["content", "key", "encoding", "hmac", "ed25519", "join"];

    pub(super) fn read(page: &mut Page<'_>, root: &Section<'_>) -> Option<Self> {
        let table = root.need_table(page, "signature")?;
        let section = Section::open(page, "[signature]", table, &Self::FIELDS);
        let content = section.need_text(page, "content");
        let content = content.and_then(|text| read_content(page, &text));
        let form = one_of(page, &section, "key", &KeyForm::NAMES);
        let encoding = one_of(page, &section, "encoding", &Encoding::NAMES);
        let hmac = written(page, &section, "hmac");
        let ed25519 = section.has("ed25519").then(|| written(page, &section, "ed25519"));
        let join = section.text(page, "join");
        if let Some(empty) = join.as_ref().filter(|join| join.value.is_empty()) {
            let flaw = Flaw::new(empty.span.start, "`join` is empty");
            page.note(flaw.hint("leave it out when a header has room for one signature"));
        }
        match (form?, ed25519.is_some()) {
            (KeyForm::Standard, false) => section.miss(page, "ed25519"),
            (KeyForm::Utf8, true) => {
                let flaw =
                    Flaw::new(section.span.start, "`ed25519` is given, but keys are \"utf8\"");
                page.note(flaw.hint("only `key = \"standard\"` has Ed25519 keys"));
            }
            (KeyForm::Standard, true) | (KeyForm::Utf8, false) => {}
        }
        let ed25519 = match ed25519 {
            Some(template) => Some(template?),
            None => None,
        };
        Some(Self {
            content: content?,
            form: form?,
            encoding: encoding?,
            join: join.map(|join| join.value.to_owned()),
            hmac: hmac?,
            ed25519,
        })
    }
}

fn read_content(page: &mut Page<'_>, text: &Text<'_>) -> Option<Template> {
    let template = read_template(page, text, Hole::CONTENT)?;
    if !template.has(Hole::Body) {
        let flaw = Flaw::new(0, "the signed content has no `{body}`");
        page.blame(
            text.span.clone(),
            text.value,
            flaw.hint("a body that is not signed can be changed"),
        );
        return None;
    }
    Some(template)
}

/// How one signature is written; the bare signature when the contract says nothing.
fn written(page: &mut Page<'_>, section: &Section<'_>, key: &str) -> Option<Template> {
    let bare = Text { value: "{mac}", span: section.span.clone() };
    let text = section.text(page, key).unwrap_or(bare);
    let template = read_template(page, &text, Hole::WRITTEN)?;
    if !template.has(Hole::Mac) {
        page.blame(text.span, text.value, Flaw::new(0, format!("`{key}` has no `{{mac}}`")));
        return None;
    }
    Some(template)
}

/// Reads a template of the file, noting all that is wrong with it.
pub(super) fn read_template(
    page: &mut Page<'_>,
    text: &Text<'_>,
    allowed: &[Hole],
) -> Option<Template> {
    Template::parse(text.value, allowed)
        .map_err(|flaws| {
            for flaw in flaws {
                page.blame(text.span.clone(), text.value, flaw);
            }
        })
        .ok()
}

/// A string of the file that must be one of these names.
pub(super) fn one_of<T: Copy>(
    page: &mut Page<'_>,
    section: &Section<'_>,
    key: &str,
    names: &[(&str, T)],
) -> Option<T> {
    let text = section.need_text(page, key)?;
    let found = names.iter().find(|(name, _)| *name == text.value).map(|(_, value)| *value);
    if found.is_none() {
        let quoted: Vec<_> = names.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let hint = nearest(text.value, names.iter().map(|(name, _)| *name)).map_or_else(
            || format!("it is one of {}", quoted.join(", ")),
            |near| format!("did you mean \"{near}\"?"),
        );
        let flaw = Flaw::new(text.span.start, format!("unknown {key} \"{}\"", text.value));
        page.note(flaw.hint(hint));
    }
    found
}
