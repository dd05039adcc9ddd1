//! What clients do to endpoints: create, change, rotate, disable, enable, delete, test.

use posthorn_core::contract::embedded;
use posthorn_core::endpoint::Pattern;
use posthorn_core::event::Mode;
use posthorn_core::filter::Filter;
use posthorn_core::id::{EndpointId, MerchantId};
use posthorn_core::json::{self, Style};
use posthorn_core::secret::Secret;
use posthorn_engine::{EndpointDraft, EndpointPatch, EngineError, SecretWish};

use data_encoding::BASE64;
use jiff::SignedDuration;

use crate::deeds::{Client, caller};
use crate::facts::Host;
use crate::plan::KINDS;

pub(crate) const FILTERS: [&str; 3] =
    [r#"{"amount":{"$gte":500}}"#, r#"{"tag":"a"}"#, r#"{"tag":{"$ne":"b"}}"#];

type Place = (MerchantId, Mode, EndpointId);

impl Client {
    fn patterns(&self) -> Vec<Pattern> {
        let texts: &[&str] = match self.below(6) {
            0..=2 => &["*"],
            3 => &["payment.*", "posthorn.*"],
            4 => &[KINDS[0], KINDS[2], "posthorn.endpoint.*"],
            _ => &["*", "posthorn.*"],
        };
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn filter(&self) -> Option<Filter> {
        let index = usize::try_from(self.below(9)).unwrap();
        let text = FILTERS.get(index)?;
        Some(Filter::parse(&json::parse(text.as_bytes()).unwrap()).unwrap())
    }

    fn style(&self) -> Style {
        match self.below(4) {
            0 => Style::Python,
            1 => Style::Php,
            _ => Style::Js,
        }
    }

    fn concurrency(&self) -> Option<u32> {
        self.percent(60).then(|| u32::try_from(self.below(6)).unwrap() + 1)
    }

    fn secret(&self) -> String {
        let bytes: Vec<u8> = (0..4).flat_map(|_| self.below(u64::MAX).to_le_bytes()).collect();
        format!("whsec_{}", BASE64.encode(&bytes))
    }

    fn headers(&self) -> Vec<(String, String)> {
        let own = ("X-Own".to_owned(), format!("v{}", self.below(9)));
        if self.percent(30) { vec![own] } else { Vec::new() }
    }

    /// An endpoint that is there and that nobody is changing, with its host.
    pub(crate) fn some_endpoint(&self) -> Option<(String, Place)> {
        let engaged = self.all.engaged.borrow();
        let facts = self.all.book.open();
        let there: Vec<(&String, Place)> = facts
            .hosts
            .iter()
            .filter(|(name, host)| host.deleting.is_none() && !engaged.contains(*name))
            .filter_map(|(name, host)| Some((name, (host.merchant, host.mode, host.id?))))
            .collect();
        if there.is_empty() {
            return None;
        }
        let (name, place) = *self.all.chance.borrow_mut().pick(&there);
        Some((name.clone(), place))
    }

    pub(crate) async fn create(&self) {
        let merchant = *self.all.chance.borrow_mut().pick(&self.all.merchants);
        let mode = if self.percent(70) { Mode::Test } else { Mode::Live };
        self.create_for(merchant, mode).await;
    }

    pub(crate) async fn create_for(&self, merchant: MerchantId, mode: Mode) {
        *self.all.hosts_made.borrow_mut() += 1;
        let host = format!("r{}.{}.example.com", self.all.hosts_made.borrow(), mode.name());
        let owner = self.engine.known_merchant(merchant).unwrap().contract.clone();
        let own = self.percent(15).then(|| {
            let index = usize::try_from(self.below(6)).unwrap();
            embedded()[index].name.clone()
        });
        let (secret, concurrency) = (self.secret(), self.concurrency());
        let rate_limit = self.percent(15).then(|| u32::try_from(self.below(5)).unwrap() + 1);
        let draft = EndpointDraft {
            url: format!("https://{host}/v1"),
            events: self.patterns(),
            filter: self.filter(),
            description: None,
            headers: self.headers(),
            contract: own.clone(),
            json: self.style(),
            rate_limit,
            concurrency,
            secret: SecretWish::Given(Secret::new(secret.clone())),
        };
        let known = Host {
            merchant,
            mode,
            contract: own.unwrap_or(owner),
            id: None,
            concurrency: vec![(self.now(), concurrency.unwrap_or(64))],
            rate: vec![rate_limit],
            secrets: vec![(self.now(), None, secret)],
            deleted: None,
            deleting: None,
        };
        let chance = self.all.chance.borrow_mut().fork();
        self.all.book.open().hosts.insert(host.clone(), known);
        self.all.network.add(host.clone(), self.all.start, 30, chance);
        let caller = caller(merchant, mode);
        let call = self.engine.create_endpoint(caller, (merchant, mode), draft, None);
        if let Some(Ok(minted)) = self.patiently(call).await {
            let mut facts = self.all.book.open();
            facts.hosts.get_mut(&host).unwrap().id = Some(minted.endpoint.id);
        }
    }

    pub(crate) async fn change(&self) {
        let Some((host, place)) = self.some_endpoint() else { return };
        self.all.engaged.borrow_mut().insert(host.clone());
        let mut patch = EndpointPatch::default();
        match self.below(7) {
            0 => patch.url = Some(format!("https://{host}/v{}", self.below(100))),
            1 => patch.events = Some(self.patterns()),
            2 => patch.filter = Some(self.filter()),
            3 => patch.headers = Some(self.headers()),
            4 => patch.json = Some(self.style()),
            5 => patch.rate_limit = Some(self.percent(50).then_some(2)),
            _ => patch.concurrency = Some(self.concurrency()),
        }
        let now = self.now();
        if let Some(bound) = patch.concurrency {
            let mut facts = self.all.book.open();
            let known = &mut facts.hosts.get_mut(&host).unwrap().concurrency;
            // Until it is answered either may be in force.
            let before = known.last().map_or(64, |(_, before)| *before);
            known.push((now, before.max(bound.unwrap_or(64))));
        }
        if let Some(rate) = patch.rate_limit {
            self.all.book.open().hosts.get_mut(&host).unwrap().rate.push(rate);
        }
        let bound = patch.concurrency;
        let answer = self.patiently(self.engine.change_endpoint(place, patch)).await;
        if let (Some(Ok(_)), Some(bound)) = (answer, bound) {
            let now = self.now();
            let mut facts = self.all.book.open();
            let known = &mut facts.hosts.get_mut(&host).unwrap().concurrency;
            known.push((now, bound.unwrap_or(64)));
        }
        self.all.engaged.borrow_mut().remove(&host);
    }

    pub(crate) async fn rotate(&self) {
        let Some((host, place)) = self.some_endpoint() else { return };
        self.all.engaged.borrow_mut().insert(host.clone());
        let secret = self.secret();
        let hours = *self.all.chance.borrow_mut().pick(&[0, 1, 24, 24 * 7]);
        let overlap = SignedDuration::from_hours(hours);
        let from = self.now();
        let before = {
            let mut facts = self.all.book.open();
            let known = &mut facts.hosts.get_mut(&host).unwrap().secrets;
            known.push((from, None, secret.clone()));
            known.len() - 1
        };
        let given = (Some(Secret::new(secret)), overlap);
        let call = self.engine.rotate_secret(caller(place.0, place.1), place, given, None);
        if let Some(Ok(_)) = self.patiently(call).await {
            let until = self.now() + overlap;
            let mut facts = self.all.book.open();
            let known = &mut facts.hosts.get_mut(&host).unwrap().secrets;
            for (_, ends, _) in known.iter_mut().take(before) {
                *ends = Some(ends.map_or(until, |ends| ends.min(until)));
            }
        }
        self.all.engaged.borrow_mut().remove(&host);
    }

    pub(crate) async fn set_status(&self, enable: bool) {
        let Some((_, place)) = self.some_endpoint() else { return };
        let _either = if enable {
            self.patiently(self.engine.enable_endpoint(place)).await
        } else {
            self.patiently(self.engine.disable_endpoint(place)).await
        };
    }

    pub(crate) async fn delete(&self) {
        let Some((host, place)) = self.some_endpoint() else { return };
        self.all.book.open().hosts.get_mut(&host).unwrap().deleting = Some(self.now());
        loop {
            match self.patiently(self.engine.delete_endpoint(place)).await {
                Some(Ok(()) | Err(EngineError::Missing { .. })) => break,
                Some(Err(_)) | None => self.sleep_ms(1000).await,
            }
        }
        self.all.book.open().hosts.get_mut(&host).unwrap().deleted = Some(self.now());
    }

    pub(crate) async fn test(&self) {
        let Some((host, place)) = self.some_endpoint() else { return };
        let contract = self.all.book.open().hosts[&host].contract.clone();
        let contract = embedded().iter().find(|known| known.name == contract).unwrap();
        let kinds: Vec<_> = contract.events.iter().map(|event| event.kind.to_string()).collect();
        let kind = self.all.chance.borrow_mut().pick(&kinds).clone();
        let call = self.engine.test_endpoint(caller(place.0, place.1), place, &kind, None);
        let _either = self.patiently(call).await;
    }
}
