//! The whole story in one process.

use crate::program::run;

#[test]
fn the_demo_comes_out_as_promised_for_every_contract() {
    let told = run(&["demo"]).sound();
    for contract in ["techcorp", "payqi", "sentinelgate", "krxscale", "pagtracker", "standard"] {
        let row = told.lines().rev().find(|line| line.starts_with(contract));
        let row = row.unwrap_or_else(|| panic!("no {contract} in {told}"));
        assert!(row.contains("500, 200") && row.ends_with("yes"), "{row}");
    }
    assert!(told.contains("All is well"), "{told}");
}

#[test]
fn the_demo_of_one_contract_tells_that_one_alone() {
    let told = run(&["demo", "--contract", "krxscale"]).sound();
    assert!(told.contains("KrxScale krxscale") && !told.contains("TechCorp"), "{told}");
    let said = run(&["demo", "--contract", "kraxscale"]).failed();
    assert!(said.contains("choose from techcorp"), "{said}");
}
