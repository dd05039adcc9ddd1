//! What runs: accept, dispatch, pace, retry, recover.
//!
//! [`Engine`] is the handle that HTTP handlers call; each call is one store verb. The [`Runner`]
//! that [`Engine::start`] returns beside it is a single future that does everything else: it sends
//! what is due, records what came of it, runs jobs. Time, chance, the network and the database come
//! in through [`clock::Clock`], [`entropy::Entropy`], [`transport::Transport`] and
//! `posthorn_store::Store`, so that the simulator runs this very code.

mod accept;
mod advances;
mod caller;
mod calls;
pub mod clock;
mod company;
mod contracts;
mod cursor;
mod deployment_key;
mod directory;
mod dispatcher;
mod endpoints;
pub mod entropy;
mod error;
mod explain;
mod follow;
pub mod guard;
mod history;
pub mod http;
mod in_flight;
mod jobs;
mod keyring;
mod memory;
mod merchants;
pub mod metrics;
mod moods;
mod notices;
mod oauth;
mod order;
mod others;
mod paces;
mod pacing;
mod passwords;
mod payments;
pub mod postgres_tls;
mod reading;
mod redact;
mod relay;
mod reload;
mod reseal;
mod retention;
mod revealing;
mod runner;
mod sandbox;
mod sending;
mod settings;
mod shared;
mod signing;
mod start;
mod status;
mod through;
mod told;
pub mod transport;
mod trial;

pub use accept::{Receipt, Receipts};
pub use caller::{Batch, By, Caller, RequestKey, Unauthorized};
pub use calls::{Seen, SeenBody, Texts};
pub use cursor::BadCursor;
pub use deployment_key::{check_seals, deployment_key, other_master_key, set_deployment_key};
pub use endpoints::{EndpointDraft, EndpointPatch, Minted, OVERLAP_MAX, SecretWish};
pub use error::EngineError;
pub use explain::{Explanation, Reason, SettingChanged};
pub use follow::{Followed, Following};
pub use history::{FoundCall, RequestPage, RequestQuery};
pub use jobs::Recovery;
pub use merchants::{MerchantDraft, MerchantKeys, ModeKeys, NewKeyMade};
pub use moods::RailMood;
pub use notices::NOTICES;
pub use oauth::{
    ApplicationDraft, BadToken, Bearer, Consent, Given, Introspected, Invitation, NotIn, NotSet,
    OauthError, Registered,
};
pub use payments::{
    BadCard, Buying, CardGiven, CheckoutDraft, ForcedOutcome, Kept, LedgerProof, Opened,
    OrderChange, OrderDraft, OrderVerb, PayerCard, PaymentDraft, PayoutDraft, Terms, check_phone,
};
pub use reading::{SentRequest, wire_name};
pub use redact::{masked, names_a_secret};
pub use reseal::reseal;
pub use runner::Runner;
pub use sandbox::Advanced;
pub use settings::{CONCURRENCY_MAX, RATE_MAX};
pub use shared::Options;
pub use start::{Held, Parts};
pub use status::StatusNow;
pub use trial::{Trial, TrialTarget};

use std::sync::Arc;

/// The engine, as everybody else sees it: cheap to clone, safe to share.
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<shared::Shared>,
}
