//! The guides' own APIs: one file for each platform that prints one.
//!
//! A façade is thin: the platform's wire shape on one side, a verb of the engine on the other. What a platform calls things
//! (status words, ids, the payment itself) stands in its contract; here stands only how its programs speak. Each is mounted
//! under its contract's name.

mod checkout_page;
mod pagtracker;
mod pay_page;
mod payqi;
mod sentinelgate;

use axum::Router;

use crate::app::App;

/// The façades, by the name of their contract.
const ALL: [(&str, Routes); 3] = [
    ("pagtracker", pagtracker::routes),
    ("payqi", payqi::routes),
    ("sentinelgate", sentinelgate::routes),
];

/// What makes a façade.
type Routes = fn() -> Router<App>;

/// Every façade, below its contract's name; and the pages that their links lead to.
pub(crate) fn routes() -> Router<App> {
    let below = |router: Router<App>, (name, routes): (&str, Routes)| {
        router.nest(&format!("/{name}"), routes())
    };
    ALL.into_iter().fold(pay_page::routes().merge(checkout_page::routes()), below)
}
