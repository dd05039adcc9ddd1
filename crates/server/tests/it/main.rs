//! The API as its callers see it: an engine on a database in memory, receivers that answer as told,
//! and a clock that the test moves.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic where it stands"
)]

mod auth;
mod bad_input;
mod batch;
mod bounds;
mod checkouts;
mod clock;
mod contracts;
mod deliveries;
mod description;
mod drain;
mod endpoints;
mod events;
mod facade_checkouts;
mod facade_limits;
mod facade_pagtracker;
mod facade_pay_page;
mod facade_payqi;
mod facade_root;
mod facade_sentinelgate;
mod facade_techcorp;
mod harness;
mod health;
mod hosts;
mod idempotency;
mod jobs;
mod keys;
mod krxscale;
mod listen;
mod lists;
mod merchants;
mod metrics;
mod oauth;
mod operations;
mod payments;
mod receiver;
mod request_history;
mod sandbox;
mod secrets;
mod serving;
mod shown;
mod status;
mod techcorp_batches;
mod techcorp_cards;
mod techcorp_feed;
mod techcorp_orders;
mod techcorp_search;
mod techcorp_shop;
mod times;
