//! The architecture as a test. A rule that matters is a failing test here, never prose: each is one small function from
//! what was read to its complaints, held against the repository by one test and against a bad sample by another. A
//! complaint says where, what, and what to do instead. All of it takes less than a second.
#![cfg(test)]

mod config_docs;
mod contracts;
mod cycles;
mod exemptions;
mod layers;
mod lengths;
mod marks;
mod rust;
mod sql;
mod tree;
mod words;

/// Fails with every complaint at once, so that one run shows the whole bill.
fn assert_tidy(complaints: &[String]) {
    assert!(
        complaints.is_empty(),
        "{} to mend:\n- {}\n",
        complaints.len(),
        complaints.join("\n- ")
    );
}

/// The other half of every rule: it must be able to fail, and say so in words that help.
fn assert_complains(complaints: &[String], about: &str) {
    assert!(
        complaints.iter().any(|complaint| complaint.contains(about)),
        "no complaint about `{about}` among {complaints:?}"
    );
}
