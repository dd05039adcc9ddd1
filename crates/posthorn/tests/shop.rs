//! `./x shop` with a small shop, as a test: it runs against today's server to its end, and finds every row once.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const ROWS: u64 = 400;

#[test]
fn a_small_shop_is_filled_listed_searched_and_fed() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/shop.py");
    let disk = tempfile::tempdir().unwrap();

    let shop = Command::new("python3")
        .arg(script)
        .arg(ROWS.to_string())
        .args(["--json", "--program", env!("CARGO_BIN_EXE_posthorn"), "--disk"])
        .arg(disk.path())
        .output()
        .unwrap();

    assert!(shop.status.success(), "{}", String::from_utf8_lossy(&shop.stderr));
    let told: Value = serde_json::from_slice(&shop.stdout).unwrap();
    assert_eq!(told["rows"], ROWS);
    assert_eq!(told["failed"], serde_json::json!([]));
    for name in ["orders: made, a second", "orders: all pages, p99, ms", "feed: MiB"] {
        assert!(
            told["figures"][name].as_f64().is_some_and(|figure| figure > 0.0),
            "{name}: {told}"
        );
    }
    assert!(disk.path().read_dir().unwrap().next().is_none(), "its server's data is gone");
}
