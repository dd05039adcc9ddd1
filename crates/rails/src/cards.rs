//! Cards: numbers, brands, expiries, and what a sandbox makes of them (rails.md 1.2, 4.5, trap 8).
//!
//! A number is a secret from the moment it is read: [`Pan`] has no `Debug` and no `Display`, and is
//! wiped when it is dropped. What may be shown is its first six and last four digits.

mod brand;
mod expiry;
mod pan;
mod sandbox;
mod stray;

pub use brand::Brand;
pub use expiry::{BadExpiry, Expiry};
pub use pan::{InvalidNumber, Pan};
pub use sandbox::{CardOutcome, Decline, outcome};
pub use stray::has_card_number;
