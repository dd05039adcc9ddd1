//! The guides' own APIs: one file for each platform that prints one.
//!
//! A façade is thin: the platform's wire shape on one side, a verb of the engine on the other. What a platform calls things
//! (status words, ids, the payment itself) stands in its contract; here stands only how its programs speak. Each is mounted
//! under its contract's name; one of them may be at the root.

mod admission;
mod checkout_page;
mod pagtracker;
mod pay_page;
mod payqi;
mod sentinelgate;
mod techcorp;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::app::App;

/// The façades, by the name of their contract.
const ALL: [(&str, Routes); 4] = [
    ("pagtracker", pagtracker::routes),
    ("payqi", payqi::routes),
    ("sentinelgate", sentinelgate::routes),
    ("techcorp", techcorp::routes),
];

/// What makes a façade.
type Routes = fn() -> Router<App>;

/// A platform's own API, to be mounted at the root.
#[derive(Debug, Clone, Copy)]
pub struct Root {
    contract: &'static str,
    routes: Routes,
}

impl PartialEq for Root {
    fn eq(&self, other: &Self) -> bool {
        self.contract == other.contract
    }
}

/// A contract whose guide prints no API of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "contract `{name}` has no API of its own to put at the root (its guide prints none, so its programs use the native one); {have} have"
)]
pub struct NoFacade {
    name: String,
    have: String,
}

impl Root {
    /// That of a contract.
    pub fn of(name: &str) -> Result<Self, NoFacade> {
        let found = ALL.into_iter().find(|(contract, _)| *contract == name);
        let (contract, routes) = found.ok_or_else(|| {
            let have = ALL.map(|(contract, _)| format!("`{contract}`")).join(", ");
            NoFacade { name: name.to_owned(), have }
        })?;
        Ok(Self { contract, routes })
    }

    /// Its routes, what it answers about any other, and how many requests a merchant has left.
    pub(crate) fn routes(self, app: &App) -> Router<App> {
        let state = (app.clone(), self.contract);
        (self.routes)().layer(from_fn_with_state(state, admission::with_usage))
    }
}

/// Every façade, below its contract's name; and the pages that their links lead to.
pub(crate) fn routes(app: &App) -> Router<App> {
    let below = |router: Router<App>, (contract, routes)| {
        router.nest(&format!("/{contract}"), Root { contract, routes }.routes(app))
    };
    let pages = pay_page::routes().merge(checkout_page::routes()).merge(techcorp::well_known());
    ALL.into_iter().fold(pages, below)
}
