//! What the rails make, read by programs that others wrote: `pix-utils`, `boleto-brasileiro-validator`
//! and `credit-card-type` of npm, `starkbank-brcode` and `xrpl-py` of `PyPI`.
//!
//! Hundreds of instruments are generated from a fixed seed and sent to one interpreter per reader, one
//! a line; then the same ones with a character changed, which they must refuse. A library that is
//! missing is installed, and one that cannot be fails the test: a promise that was not checked is not kept.

mod boleto;
mod brand;
mod brcode;
mod libraries;
mod reader;
mod simulated;
mod xrpl;
