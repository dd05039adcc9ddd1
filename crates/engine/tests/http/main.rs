//! The real transport against receivers that misbehave, over real loopback sockets.
//!
//! Each receiver is a script: what it does with the bytes of each connection. Nothing here sleeps
//! to synchronise: a script that hangs waits for the client to hang up, and deadlines are the
//! transport's own, real but short.

mod bounds;
mod broken;
mod names;
mod plain;
mod receiver;
mod reuse;
mod slow;
mod tls;
