//! One life: merchants, what they are asked to do, what goes wrong meanwhile, and the judgement at its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use posthorn_core::contract::{Contract, embedded};
use posthorn_core::event::Mode;
use posthorn_engine::{Caller, EndpointDraft, EngineError, MerchantDraft, RailMood, SecretWish};

use crate::chance::Chance;
use crate::deeds::{Client, Deed, Place, draw};
use crate::verdict;
use crate::wishes::{Order, Way, ways};
use crate::world::{Patience, World, read};

/// Rounds of everybody being well within which all must come to rest.
const ROUNDS_MAX: u32 = 12;

/// A merchant and what it can ask for.
pub(crate) struct Owner {
    pub(crate) place: Place,
    pub(crate) contract: Arc<Contract>,
    ways: Vec<Way>,
    before: Vec<Order>,
}

/// How often what happened.
pub(crate) type Counts = BTreeMap<&'static str, u64>;

pub(crate) struct Life {
    pub(crate) world: World,
    pub(crate) owners: Vec<Owner>,
    pub(crate) counts: Counts,
    chance: Chance,
}

impl Life {
    /// So many merchants, each with a contract.
    pub(crate) fn begin(world: World, owners: u64, mut chance: Chance) -> Self {
        let (counts, fork) = (Counts::new(), chance.fork());
        let mut life = Self { world, owners: Vec::new(), counts, chance: fork };
        for number in 0..owners {
            let contracts = embedded();
            let at = usize::try_from(chance.below(contracts.len() as u64)).unwrap();
            let contract = Arc::clone(&contracts[at]);
            let endpoints = chance.between(1, 2);
            let place = life.settle(contract.name.clone(), number, endpoints);
            let ways = ways(&contract);
            life.owners.push(Owner { place, contract, ways, before: Vec::new() });
        }
        life
    }

    /// A merchant with its endpoints.
    fn settle(&mut self, contract: String, number: u64, endpoints: u64) -> Place {
        let engine = self.world.engine();
        let call = async move {
            let draft = MerchantDraft {
                name: format!("Loja {number}"),
                contract,
                reference: None,
                strict_catalogue: false,
                retention: None,
                legal_hold: false,
                keep_test_keys: false,
            };
            let merchant = engine.create_merchant(draft, None).await?.0.id;
            let place = (merchant, Mode::Test);
            for endpoint in 0..endpoints {
                let draft = EndpointDraft {
                    url: format!("https://r{endpoint}.example.com/v1"),
                    events: vec!["*".parse().unwrap()],
                    filter: None,
                    description: None,
                    headers: Vec::new(),
                    contract: None,
                    json: posthorn_core::json::Style::Js,
                    rate_limit: None,
                    concurrency: None,
                    secret: SecretWish::Make,
                };
                engine.create_endpoint(Caller::Operator, place, draft, None).await?;
            }
            Ok::<Place, EngineError>(place)
        };
        let settled = self.world.carry(call, Patience::Endless);
        settled.expect("nothing goes wrong yet").expect("merchants can be made")
    }

    fn client(&self, owner: usize) -> Client {
        let (engine, witness) = (self.world.engine(), self.world.witness.clone());
        Client { engine, place: self.owners[owner].place, witness }
    }

    /// So many commands.
    pub(crate) fn live(&mut self, commands: u64) {
        for _ in 0..commands {
            let client = self.next();
            self.one(client);
            self.world.weather.clear();
            let wait = [0, 0, 1, 3, 15, 70][usize::try_from(self.chance.below(6)).unwrap()];
            self.world.pass(SignedDuration::from_secs(wait));
            verdict::glance(self);
        }
    }

    /// Whose turn it is, and what is done.
    fn next(&mut self) -> (usize, Deed) {
        let at = usize::try_from(self.chance.below(self.owners.len() as u64)).unwrap();
        let Owner { ways, before, .. } = &mut self.owners[at];
        let deed = draw(ways, before, &mut self.chance);
        (at, deed)
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn one(&mut self, (at, deed): (usize, Deed)) {
        let client = self.client(at);
        self.count("commands");
        match self.chance.below(100) {
            0..=51 => drop(self.world.carry(client.act(deed), Patience::Endless)),
            52..=69 => self.together(client.act(deed)),
            70..=77 => {
                self.count("callers that hung up");
                self.world.weather.slow_down();
                let steps = u32::try_from(self.chance.below(30)).unwrap();
                self.world.carry(client.act(deed), Patience::Steps(steps));
            }
            78..=90 => {
                self.count("crashes");
                let turns = self.chance.below(60);
                self.world.weather.crash_in(turns);
                if self.chance.percent(50) {
                    self.together(client.act(deed));
                } else {
                    self.world.carry(client.act(deed), Patience::Endless);
                }
            }
            91..=96 => {
                self.count("commands on a failing database");
                let percent = self.chance.between(5, 40);
                self.world.weather.fail(percent);
                self.world.carry(client.act(deed), Patience::Endless);
            }
            _ => {
                self.count("restarts");
                self.world.carry(client.act(deed), Patience::Endless);
                self.world.crash();
            }
        }
    }

    /// Another command at the same moment, or the same one twice.
    fn together(&mut self, first: impl Future<Output = ()> + 'static) {
        self.count("two commands at once");
        self.world.weather.slow_down();
        let (at, deed) = self.next();
        let second = self.client(at).act(deed.clone());
        if self.chance.percent(40) {
            let third = self.client(at).act(deed);
            let all = async move { futures::join!(first, second, third) };
            self.world.carry(all, Patience::Endless);
        } else {
            let both = async move { futures::join!(first, second) };
            self.world.carry(both, Patience::Endless);
        }
    }

    /// Nothing goes wrong any more, every rail is well and days pass: all must come to rest.
    pub(crate) fn rest(&mut self) {
        self.world.weather.clear();
        for at in 0..self.owners.len() {
            for way in &self.owners[at].ways {
                let mood = RailMood::Well;
                let place = self.owners[at].place;
                self.world.engine().set_rail_mood(place, &way.provider, mood).unwrap();
            }
        }
        for _ in 0..ROUNDS_MAX {
            for at in 0..self.owners.len() {
                let client = self.client(at);
                let advance = async move { client.advance(SignedDuration::from_hours(50)).await };
                let done = self.world.carry(advance, Patience::Endless);
                if let Some(Err(error)) = done {
                    let what = format!("the clock does not go on: {error}");
                    self.world.witness.violated("it does not come to rest", what);
                }
            }
            self.world.pass(SignedDuration::from_secs(5));
            if self.is_at_rest() {
                return;
            }
        }
        let what = format!("not in {ROUNDS_MAX} rounds of two days");
        self.world.witness.violated("it does not come to rest", what);
    }

    fn is_at_rest(&self) -> bool {
        let store = &self.world.store;
        let wakes = |owner: &Owner| read(store.next_wake(Some(owner.place))).is_some();
        let backlog = read(store.backlog());
        let jobs = read(store.running_jobs());
        backlog.due + backlog.leased == 0 && jobs.is_empty() && !self.owners.iter().any(wakes)
    }
}
