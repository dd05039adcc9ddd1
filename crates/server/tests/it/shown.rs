//! Answers as snapshots show them: ids, secrets and times hidden, shapes never.

use serde_json::Value;

const IDS: [&str; 8] = ["mer_", "key_", "ep_", "sec_", "evt_", "dlv_", "job_", "req_"];
const SECRETS: [&str; 7] =
    ["sk_test_", "sk_live_", "secret_test_", "secret_live_", "pk_test_", "pk_live_", "whsec_"];

/// The same value with everything that differs from run to run hidden.
pub(crate) fn shown(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(hidden(text)),
        Value::Array(items) => items.iter().map(shown).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), member(name, value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn member(name: &str, value: &Value) -> Value {
    match (name, value) {
        ("next_cursor", Value::String(_)) => "[cursor]".into(),
        _ => shown(value),
    }
}

fn hidden(text: &str) -> String {
    if let Some(prefix) = SECRETS.iter().find(|prefix| text.starts_with(**prefix)) {
        return format!("{prefix}…");
    }
    if let Some(prefix) = IDS.iter().find(|prefix| text.starts_with(**prefix)) {
        return format!("{prefix}…");
    }
    if text.parse::<jiff::Timestamp>().is_ok() {
        return "[time]".into();
    }
    text.to_owned()
}
