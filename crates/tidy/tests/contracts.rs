//! A contract is a file, and the file is its own test: it carries vectors, and not only in ASCII.

use toml::{Table, Value};

use crate::tree::{File, files};
use crate::{assert_complains, assert_tidy};

const VECTORS_MIN: usize = 2;

fn ascii_only(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_ascii() && !text.contains("\\u"),
        Value::Array(values) => values.iter().all(ascii_only),
        Value::Table(table) => table.values().all(ascii_only),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => true,
    }
}

fn untested(contract: &File) -> Vec<String> {
    let table: Table = match contract.text.parse() {
        Ok(table) => table,
        Err(error) => return vec![format!("{}: {error}", contract.path)],
    };
    let vectors = table.get("vector").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut complaints = Vec::new();
    if vectors.len() < VECTORS_MIN {
        complaints.push(format!(
            "{} has {} [[vector]], and needs {VECTORS_MIN}: what exactly goes over the wire?",
            contract.path,
            vectors.len()
        ));
    }
    if vectors.iter().all(ascii_only) {
        complaints
            .push(format!("{} needs a [[vector]] with text that is not ASCII", contract.path));
    }
    complaints
}

fn contracts() -> impl Iterator<Item = &'static File> {
    files().iter().filter(|file| file.path.starts_with("contracts/") && file.extension() == "toml")
}

#[test]
fn every_contract_proves_itself() {
    assert!(contracts().count() >= 6, "the six contracts are not all below contracts/");
    assert_tidy(&contracts().flat_map(untested).collect::<Vec<_>>());
}

#[test]
fn a_contract_with_too_few_or_only_english_vectors_is_refused() {
    let contract = |text: &str| untested(&File::sample("contracts/sixth.toml", text));
    assert_complains(&contract("name = \"sixth\""), "has 0 [[vector]]");
    assert_complains(&contract("[[vector]]\nbody = \"joão\""), "needs 2");
    assert_complains(&contract("[[vector]]\nbody = \"a\"\n[[vector]]\nbody = \"b\""), "not ASCII");
    assert_complains(&contract("name = "), "sixth.toml");
    assert!(contract("[[vector]]\nbody = \"joão\"\n[[vector]]\nbody = \"b\"").is_empty());
}
