//! Card brands by their first digits, against `credit-card-type`.

use posthorn_rails::cards::Brand;
use serde_json::Value;

use crate::reader::read;

/// What that library calls our brands.
const THEIRS: [(&str, Brand); 8] = [
    ("visa", Brand::Visa),
    ("mastercard", Brand::Mastercard),
    ("american-express", Brand::Amex),
    ("elo", Brand::Elo),
    ("hipercard", Brand::Hipercard),
    ("discover", Brand::Discover),
    ("diners-club", Brand::Diners),
    ("jcb", Brand::Jcb),
];

/// Where that library finds a brand that we do not name (a regional one, co-branded inside our ranges),
/// what we find is not compared.
#[test]
fn every_range_is_of_the_brand_that_the_library_finds() {
    // Below and above, ranges are of hundreds at least.
    let bins =
        (0..300_000).step_by(50).chain(300_000..700_000).chain((700_000..1_000_000).step_by(50));
    let bins: Vec<String> = bins.map(|bin| format!("{bin:06}")).collect();
    let mut known = 0;
    for (bin, answer) in bins.iter().zip(read("node/brand.js", &bins)) {
        let theirs = match answer.as_array().expect("brands").as_slice() {
            [] => Some(Brand::Unknown),
            [Value::String(only)] => {
                THEIRS.iter().find(|(name, _)| name == only).map(|(_, brand)| *brand)
            }
            _ => None,
        };
        let Some(theirs) = theirs else { continue };
        known += usize::from(theirs != Brand::Unknown);
        assert_eq!(Brand::of_bin(bin), theirs, "{bin}: {answer}");
    }
    assert!(known > 150_000, "{known}");
}
