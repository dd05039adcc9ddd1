//! Every decision Posthorn makes, as plain functions of values: no clock, no randomness, no IO.
//!
//! One event's journey, with the type that carries it at each step:
//!
//! 1. bytes and a caller become an [`event::NewEvent`] (parsed and bounded at the edge);
//! 2. [`route::route`] says which [`endpoint::Endpoint`]s want it, and why the others do not;
//! 3. each of those gets a delivery, whose life is [`delivery::State`];
//! 4. a leased delivery with all it needs is a [`delivery::Claim`];
//! 5. [`contract::Contract::sign`] renders and signs the bytes for this very attempt;
//! 6. the answer is judged ([`outcome::judge`]) and becomes an [`outcome::Outcome`];
//! 7. [`delivery::settle`] turns the outcome into the next state: a retry is only `Due` again.

pub mod attempt;
pub mod card_token;
pub mod checkout;
pub mod contract;
pub mod delivery;
pub mod duration;
pub mod endpoint;
pub mod event;
pub mod feed;
pub mod filter;
pub mod health;
pub mod history;
pub mod id;
pub mod incident;
pub mod json;
pub mod ledger;
pub mod merchant;
pub mod money;
pub mod oauth;
pub mod order;
pub mod outcome;
pub mod payment;
pub mod payout;
pub mod retry;
pub mod route;
pub mod search;
pub mod secret;
pub mod shop;
pub mod transition;
