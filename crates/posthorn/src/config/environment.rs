//! Variables that look like settings and are none: refused, so that a slip is not found in production.

use std::collections::BTreeSet;

use confique::Config as _;
use confique::meta::{FieldKind, Meta};
use posthorn_core::contract::nearest;

use super::Config;

const PREFIX: &str = "POSTHORN_";
/// Variables that stand for flags, beside those that stand for keys.
const OF_FLAGS: [&str; 3] = ["POSTHORN_CONFIG", "POSTHORN_SERVER", "POSTHORN_KEY"];

/// The first variable, by name, that means nothing; what to say of it.
pub(super) fn mistaken(given: impl Iterator<Item = (String, String)>) -> Option<String> {
    let known = known();
    let ours: BTreeSet<_> = given.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    let (name, _) = ours.iter().find(|(name, value)| {
        !known.contains(&name.as_str()) && !is_of_an_orchestrator(name, value)
    })?;
    let keys = known.iter().filter_map(|known| known.strip_prefix(PREFIX));
    let hint = nearest(name.strip_prefix(PREFIX)?, keys)
        .map_or_else(String::new, |near| format!("; did you mean `{PREFIX}{near}`?"));
    Some(format!("the environment has `{name}`, which is no setting{hint}"))
}

fn known() -> Vec<&'static str> {
    let mut known = OF_FLAGS.to_vec();
    collect(&Config::META, &mut known);
    known
}

fn collect(meta: &Meta, known: &mut Vec<&'static str>) {
    for field in meta.fields {
        match field.kind {
            FieldKind::Leaf { env, .. } => known.extend(env),
            FieldKind::Nested { meta } => collect(meta, known),
        }
    }
}

/// Kubernetes tells every pod of a service `posthorn-api` as `POSTHORN_API_SERVICE_HOST`,
/// `POSTHORN_API_PORT=tcp://…` and the like.
fn is_of_an_orchestrator(name: &str, value: &str) -> bool {
    let numbered = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.ends_with("_PORT") && value.contains("://"))
        || name.split_once("_PORT_").is_some_and(|(_, rest)| numbered(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, value: &str) -> Option<String> {
        mistaken([(name.to_owned(), value.to_owned())].into_iter())
    }

    #[test]
    fn what_a_cluster_says_of_its_services_is_no_mistake() {
        assert_eq!(told("POSTHORN_SERVICE_HOST", "10.0.0.1"), None);
        assert_eq!(told("POSTHORN_SERVICE_PORT_HTTP", "80"), None);
        assert_eq!(told("POSTHORN_PORT", "tcp://10.0.0.1:80"), None);
        assert_eq!(told("POSTHORN_API_PORT_80_TCP_ADDR", "10.0.0.1"), None);
        assert!(told("POSTHORN_PORT", "9000").is_some(), "somebody meant POSTHORN_LISTEN");
    }
}
