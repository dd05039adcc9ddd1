//! Real deliveries against receivers that are not ours to please: programs in Python, Node and PHP
//! that verify as the five guides' samples do, and the official Standard Webhooks libraries.
//!
//! The server is the program itself, in a process of its own. The receivers are programs too; they
//! use nothing but their language's standard library (the Standard Webhooks ones: that library).

#![expect(clippy::indexing_slicing, reason = "an answer without the member fails the story")]

#[path = "../e2e/database.rs"]
mod database;
#[path = "../e2e/posthorn.rs"]
mod posthorn;

mod conformance;
mod genuine;
mod libraries;
mod limits;
mod oauth;
mod payloads;
mod program;
mod proxy;
mod standard;
mod tampered;
