//! Payment rails: the instruments a payer is shown, made and read as plain functions of values.
//!
//! An instrument is what a rail hands to the payer, and what others' programs then read: a PIX code
//! ([`brcode`], with its keys and transaction ids in [`pix`]), a bank slip ([`boleto`]), a prompt on
//! a phone and its receipt ([`mpesa`]), an address and a tag on the XRP Ledger ([`xrpl`]), a card
//! ([`cards`]). Each is as exact here as on the real rail, in the sandbox too: an integrator's own
//! libraries read it, check digits and all. [`simulated`] has the rails themselves, as the guides'
//! sandboxes have them. Time and chance are arguments.

pub mod boleto;
pub mod brcode;
pub mod cards;
pub mod mpesa;
pub mod pix;
pub mod simulated;
pub mod xrpl;
