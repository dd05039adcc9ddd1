//! Whether an answer is as a guide prints it, values aside.

use serde_json::Value;

/// Stands for any value that is there: an id, a time, a code.
pub(crate) const ANY: &str = "…";

/// Where an answer differs from its template, if it does. A text that ends with `…` stands for any that begins so.
pub(crate) fn difference(template: &Value, got: &Value, place: &str) -> Option<String> {
    match (template, got) {
        (Value::String(text), _) if text == ANY => {
            got.is_null().then(|| format!("{place} is null"))
        }
        (Value::String(text), Value::String(got)) if text.ends_with(ANY) => {
            let begins = got.starts_with(text.trim_end_matches(ANY));
            (!begins).then(|| format!("{place} is `{got}`, not `{text}`"))
        }
        (Value::Object(wanted), Value::Object(members)) => {
            let names = |object: &serde_json::Map<String, Value>| {
                let mut names: Vec<_> = object.keys().cloned().collect();
                names.sort_unstable();
                names
            };
            if names(wanted) != names(members) {
                return Some(format!("{place} has {:?}, not {:?}", names(members), names(wanted)));
            }
            wanted.iter().find_map(|(name, value)| {
                difference(value, members.get(name)?, &format!("{place}/{name}"))
            })
        }
        (Value::Array(wanted), Value::Array(rows)) => {
            if wanted.len() != rows.len() {
                return Some(format!("{place} has {} rows, not {}", rows.len(), wanted.len()));
            }
            let mut pairs = wanted.iter().zip(rows).enumerate();
            pairs.find_map(|(at, (value, row))| difference(value, row, &format!("{place}/{at}")))
        }
        (template, got) => (template != got).then(|| format!("{place} is {got}, not {template}")),
    }
}

#[test]
fn a_template_is_met_by_the_same_members_and_no_others() {
    let template = serde_json::json!({"id": "pay_…", "at": "…", "status": "PENDING"});
    let differs = |got: Value| difference(&template, &got, "").is_some();
    assert!(!differs(serde_json::json!({"at": 1, "id": "pay_1", "status": "PENDING"})));
    assert!(differs(serde_json::json!({"at": null, "id": "pay_1", "status": "PENDING"})));
    assert!(differs(serde_json::json!({"at": 1, "id": "po_1", "status": "PENDING"})));
    assert!(differs(serde_json::json!({"at": 1, "id": "pay_1", "status": "FAILED"})));
    assert!(differs(serde_json::json!({"at": 1, "id": "pay_1", "status": "PENDING", "more": 1})));
    assert!(differs(serde_json::json!({"id": "pay_1", "status": "PENDING"})));
}
