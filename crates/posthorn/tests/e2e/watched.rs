//! What an operator sees of the database.

use crate::posthorn::Api;
use crate::receiver::Answer;
use crate::stage::Stage;

/// A metric's value.
fn metric(api: &Api, name: &str) -> f64 {
    let page = api.get("/metrics");
    let page = page.as_str().expect("text");
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value = line.unwrap_or_else(|| panic!("no {name} in\n{page}"));
    value.parse().unwrap_or_else(|error| panic!("{name} {value}: {error}"))
}

#[test]
fn the_bounds_of_the_database_are_counted_from_zero_on() {
    let stage = Stage::new("techcorp", |_| Answer::status(200));
    for bound in ["write_queue", "read_queue", "log"] {
        let name = format!(r#"posthorn_bounds_reached_total{{bound="{bound}"}}"#);
        assert!(metric(&stage.merchant, &name).abs() < 0.5, "{bound}");
    }
}

#[test]
fn commits_are_counted_by_how_many_verbs_shared_them() {
    let stage = Stage::new("techcorp", |_| Answer::status(200));
    let commits = || metric(&stage.merchant, "posthorn_commit_batch_size_count");
    let verbs = || metric(&stage.merchant, "posthorn_commit_batch_size_sum");
    let alone = || metric(&stage.merchant, r#"posthorn_commit_batch_size_bucket{le="1.0"}"#);
    let (commits_before, verbs_before, alone_before) = (commits(), verbs(), alone());
    stage.accept("order.paid");
    stage.settle();
    assert!(commits() >= commits_before + 2.0, "the accept's and the settlement's");
    assert!(verbs() - verbs_before >= commits() - commits_before - 2.0);
    assert!(alone() > alone_before);
    let all = metric(&stage.merchant, r#"posthorn_commit_batch_size_bucket{le="+Inf"}"#);
    assert!(all >= alone(), "{all}");
}
