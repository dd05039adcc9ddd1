//! The architecture as a test. Nothing lives here: the rules are in `tests/`, one binary, one pass over the files, run by
//! `cargo test -p posthorn-tidy` and by `./x check`. This crate sees everything and is seen by none.
