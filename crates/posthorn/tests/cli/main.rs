//! The command line as a person or a script meets it: the program itself, run with arguments and
//! standard input, and judged by what it prints and how it ends.

mod api;
mod config;
mod contract;
mod demo;
mod help;
mod incidents;
mod listen;
mod oauth;
mod payments;
mod program;
mod readme;
mod receiver;
mod receiving;
mod requests;
mod serve;
mod upkeep;
