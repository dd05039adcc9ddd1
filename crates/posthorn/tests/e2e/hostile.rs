//! Receivers that misbehave in every way there is: what is on record of each, and that nothing
//! else suffers. The receiver is the program's own, `posthorn receiver`.

mod memory;
mod program;
mod recorded;
