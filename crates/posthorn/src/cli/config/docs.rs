//! `docs/config.md`, made from the doc comments of the settings themselves.

use confique::Config as _;
use confique::meta::{Expr, Field, FieldKind, LeafKind, Meta};

use crate::config::Config;

const HEAD: &str = "\
# Settings

<!-- Printed by `posthorn config docs`; run `./x gen` instead of editing it. -->

Every setting has a key in a TOML file (`--config FILE` or `POSTHORN_CONFIG`) and an environment variable; the ones
that one sets by hand have a flag too. A flag wins over the environment, the environment over the file, the file over
the default. An unknown key in the file is an error, and so is a variable that begins with `POSTHORN_` and is no setting (what
Kubernetes says of its services aside). `posthorn config print` shows what is in force.

Durations are a whole number and a unit: `250ms`, `90s`, `15m`, `6h`, `10d`.
";

/// The page.
pub(super) fn page() -> String {
    let mut page = HEAD.to_owned();
    section(&Config::META, "", &mut page);
    page
}

fn section(meta: &Meta, prefix: &str, page: &mut String) {
    for field in meta.fields {
        if let FieldKind::Leaf { env, kind } = field.kind {
            leaf(field, (prefix, env, kind), page);
        }
    }
    for field in meta.fields {
        if let FieldKind::Nested { meta } = field.kind {
            let name = format!("{prefix}{}", field.name);
            page.extend(["\n## `[", &name, "]`\n\n", &prose(field.doc), "\n"]);
            section(meta, &format!("{name}."), page);
        }
    }
}

fn leaf(field: &Field, (prefix, env, kind): (&str, Option<&str>, LeafKind), page: &mut String) {
    let default = match kind {
        LeafKind::Required { default: Some(default) } => format!("`{}`", printed(&default)),
        LeafKind::Required { default: None } => "none: it must be set".to_owned(),
        LeafKind::Optional => "not set".to_owned(),
    };
    let env = env.map_or_else(|| "none".to_owned(), |env| format!("`{env}`"));
    page.extend(["\n### `", prefix, field.name, "`\n\n", &prose(field.doc)]);
    page.extend(["\n\n- default: ", &default, "\n- environment: ", &env, "\n"]);
}

/// The doc comment's lines as one paragraph.
fn prose(doc: &[&str]) -> String {
    doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n")
}

fn printed(value: &Expr) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
