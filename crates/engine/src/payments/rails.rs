//! What is asked of a rail, and what its own books make of it.
//!
//! A simulated rail keeps books apart from our payments, as a provider would: a request is written there in a transaction of
//! its own, so that an answer can be lost after the money has moved. What the rail does by itself later (a payer pays, a prompt
//! dies) changes its book and the payment in one transaction.

use posthorn_core::contract;
use posthorn_core::event::Mode;
use posthorn_core::id::{MerchantId, RequestId};
use posthorn_core::money::Money;
use posthorn_core::payment::{Ask, Command, News, Refused, Step};
use posthorn_rails::simulated::{
    self, Asking, Book, Card, Moment, Rail, Receiver, Setting, Told, Word,
};
use posthorn_store::{Decision, Record, RecordKind, StoreError};

use super::TRIES;
use super::affair::{Affair, corrupt};
use crate::error::EngineError;
use crate::moods::RailMood;
use crate::settings::refuse;
use crate::shared::Shared;

pub use posthorn_rails::simulated::Outcome as ForcedOutcome;

/// Where a request's book is: the record of the payment that made it, and whose it is.
#[derive(Debug, Clone, Copy)]
struct Account {
    owner: i64,
    place: (MerchantId, Mode),
}

impl Shared {
    /// Checks that a contract's provider takes a payment so.
    pub(super) fn check_provider(
        &self,
        (merchant, mode): (MerchantId, Mode),
        (named, method): (&str, &str),
        money: Money,
    ) -> Result<(), EngineError> {
        if mode == Mode::Live {
            return Err(EngineError::NoLiveProvider);
        }
        let contract = self.contract_at(merchant)?;
        let Some(provider) = contract.provider(named) else {
            let known: Vec<_> = contract.providers.iter().map(|known| &*known.name).collect();
            let what = format!("`{named}` is none here; there are {}", known.join(", "));
            return refuse("provider", what);
        };
        provider.takes(method, money).or_else(|not| {
            let field = match not {
                contract::NotTaken::Asset { .. } => "currency",
                contract::NotTaken::Method => "method",
                contract::NotTaken::TooLittle { .. }
                | contract::NotTaken::TooMuch { .. }
                | contract::NotTaken::Fraction => "amount",
            };
            refuse(field, format!("`{named}` does not take it: {not}"))
        })
    }

    /// Asks a rail for what a request wants; the answer may be lost.
    pub(super) async fn ask_rail(
        &self,
        affair: &Affair,
        request: RequestId,
        card: Option<&Card>,
    ) -> News {
        let Some((provider, command)) = affair.command(request) else { return News::Unheard };
        let account = Account { owner: affair.id(), place: affair.place() };
        let rail = match self.rail_of(affair) {
            Ok(rail) => rail,
            Err(error) => {
                tracing::warn!(%request, %error, "a request has no rail to go by");
                return unreached();
            }
        };
        match self.moods.of(account.place.0, &provider) {
            RailMood::Down => return unreached(),
            RailMood::LosesAnswers => {
                drop(self.ask_books(rail, account, &command, card).await);
                return News::Lost;
            }
            RailMood::Well => {}
        }
        self.ask_books(rail, account, &command, card).await.unwrap_or_else(|error| {
            tracing::warn!(%request, %error, "what came of a request is asked about later");
            News::Lost
        })
    }

    /// The rail that a payment's method goes by, or the first of a payout's provider.
    fn rail_of(&self, affair: &Affair) -> Result<Rail, EngineError> {
        match affair {
            Affair::Payment(payment) => Ok(Rail::of(&payment.wish.method)),
            Affair::Payout(payout) => {
                let contract = self.contract_at(payout.merchant)?;
                let provider = contract.provider(&payout.wish.provider);
                let sends = |provider: &contract::Provider| {
                    provider.rails.iter().copied().find(|rail| rail.pays_out())
                };
                let first = provider.and_then(sends);
                first.map(simulated_rail).ok_or(EngineError::Missing { what: "provider" })
            }
            Affair::Checkout(_) | Affair::Order(_) => {
                Err(EngineError::Missing { what: "provider" })
            }
        }
    }

    async fn ask_books(
        &self,
        rail: Rail,
        account: Account,
        command: &Command,
        card: Option<&Card>,
    ) -> Result<News, EngineError> {
        if account.place.1 == Mode::Live {
            return Err(EngineError::NoLiveProvider);
        }
        let setting = self.rail_setting(account.place.0)?;
        for _ in 0..TRIES {
            let before = self.book(command.request).await?;
            let charge = match charge_of(&command.ask) {
                Some(charge) => self.book(charge).await?,
                None => None,
            };
            let versions: Vec<(RequestId, u32)> =
                charge.iter().map(|(book, version)| (book.request(), *version)).collect();
            let chance = self.entropy.bytes();
            let now = self.directory.now(account.place.0, account.place.1, self.clock.now());
            let asking = Asking {
                command,
                card,
                before: before.map(|(book, _)| book),
                charge: charge.map(|(book, _)| book),
            };
            let asked = simulated::ask(rail, &setting, asking, Moment { now, chance });
            let version = |book: &Book| {
                let known = versions.iter().find(|(request, _)| *request == book.request());
                known.map_or(0, |(_, version)| *version)
            };
            let records = asked.books.iter().map(|book| book_record(book, account, version(book)));
            let records: Vec<Record> = records.collect();
            if records.is_empty() {
                return Ok(asked.news);
            }
            let decision = Decision { records, ..Decision::default() };
            match self.store.commit(decision).await {
                Ok(_) => {
                    self.wake_bell.notify_one();
                    return Ok(asked.news);
                }
                // A payer paid at this moment, say: the rail decides again by what stands.
                Err(StoreError::Stale { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::Busy { retry_after_s: 1 })
    }

    /// Asks a rail what came of a request.
    pub(super) async fn query_rail(&self, affair: &Affair, request: RequestId) -> News {
        let provider = affair.command(request).map(|(provider, _)| provider).unwrap_or_default();
        if self.moods.of(affair.place().0, &provider) == RailMood::Down {
            return News::Lost;
        }
        match self.book_or_close(affair, request).await {
            Ok(book) => simulated::query(Some(&book)),
            Err(error) => {
                tracing::warn!(%request, %error, "a rail's books could not be read");
                News::Lost
            }
        }
    }

    /// A request's book. Where there is none the request is closed: whoever has marked it as sent may be slow, and must not
    /// come with it when its money has gone back.
    async fn book_or_close(
        &self,
        affair: &Affair,
        request: RequestId,
    ) -> Result<Book, EngineError> {
        let account = Account { owner: affair.id(), place: affair.place() };
        for _ in 0..TRIES {
            if let Some((book, _)) = self.book(request).await? {
                return Ok(book);
            }
            let (_, command) =
                affair.command(request).ok_or(EngineError::Payment(Refused::NoRequest))?;
            let now = self.directory.now(account.place.0, account.place.1, self.clock.now());
            let moment = Moment { now, chance: self.entropy.bytes() };
            let book = simulated::close(self.rail_of(affair)?, &command, moment);
            let records = vec![book_record(&book, account, 0)];
            match self.store.commit(Decision { records, ..Decision::default() }).await {
                Ok(_) => return Ok(book),
                // It came at this moment.
                Err(StoreError::Stale { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::Busy { retry_after_s: 1 })
    }

    /// What a rail's book foresaw for this time happens: to the book and to the payment, in one transaction.
    pub(super) async fn wake_book(&self, id: i64) -> Result<(), EngineError> {
        let request = RequestId::from_i64(id);
        let Some((book, version)) = self.book(request).await? else { return Ok(()) };
        let (affair, _) = self.kept(request.owner()).await?;
        let (merchant, mode) = affair.place();
        let now = self.directory.now(merchant, mode, self.clock.now());
        match simulated::wake(book, now) {
            Some(told) => self.rail_says(request.owner(), told, version).await,
            None => Ok(()),
        }
    }

    /// Makes something happen to a request at its rail.
    pub(super) async fn force_rail(
        &self,
        affair: &Affair,
        request: RequestId,
        outcome: &ForcedOutcome,
    ) -> Result<(), EngineError> {
        let (book, version) = self.book(request).await?.ok_or_else(|| EngineError::Conflict {
            what: "its provider has not heard of it; nothing can happen to it there".to_owned(),
        })?;
        let (merchant, mode) = affair.place();
        let now = self.directory.now(merchant, mode, self.clock.now());
        let told = simulated::force(book, outcome, now)
            .map_err(|impossible| EngineError::Conflict { what: impossible.to_string() })?;
        self.rail_says(affair.id(), told, version).await
    }

    /// Writes what a rail says by itself: its book, and what becomes of what it is about.
    async fn rail_says(
        &self,
        owner: i64,
        Told { book, word }: Told,
        version: u32,
    ) -> Result<(), EngineError> {
        if matches!(word, Word::Disputed { .. }) {
            self.hear_all(owner).await?;
        }
        for _ in 0..TRIES {
            let (affair, own) = self.kept(owner).await?;
            let place = affair.place();
            let now = self.directory.now(place.0, place.1, self.clock.now());
            let beside = vec![book_record(&book, Account { owner, place }, version)];
            let heard = affair.clone().hear(book.request(), &word, now);
            let step = heard.unwrap_or_else(|_| Step::still(affair));
            match self.write_step(own, step, beside, None).await {
                Ok(_) => return self.drive(owner, None).await.map(drop),
                // Of the book: somebody else has said it. Of what it is about: it is said to what stands now.
                Err(EngineError::Store(StoreError::Stale { .. })) => {
                    if self.book(book.request()).await?.is_none_or(|(_, at)| at != version) {
                        return Ok(());
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(EngineError::Busy { retry_after_s: 1 })
    }

    /// Sends what was not sent and asks about what was not answered: how much can be disputed depends on it.
    async fn hear_all(&self, owner: i64) -> Result<(), EngineError> {
        let affair = self.drive(owner, None).await?;
        for request in affair.unanswered() {
            let word = Word::News(self.query_rail(&affair, request).await);
            let hear = |affair: Affair, now| affair.hear(request, &word, now);
            self.change(owner, hear, None).await?;
        }
        Ok(())
    }

    /// A request's book and the version that it was read at.
    async fn book(&self, request: RequestId) -> Result<Option<(Book, u32)>, EngineError> {
        let record = self.store.record(request.as_i64()).await?;
        let Some(record) = record.filter(|record| record.kind == RecordKind::Book) else {
            return Ok(None);
        };
        let book = serde_json::from_str(&record.body).map_err(|_| corrupt(&record))?;
        Ok(Some((book, record.version)))
    }

    fn rail_setting(&self, merchant: MerchantId) -> Result<Setting, EngineError> {
        let contract = self.contract_at(merchant)?;
        let name = self.directory.merchant(merchant).map(|merchant| merchant.name.clone());
        let base = self.options.public_url.as_deref().unwrap_or("http://localhost");
        Ok(Setting {
            receiver: Receiver::of(merchant, name.as_deref().unwrap_or_default()),
            pix_confirms_after: contract.sandbox.pix_confirms_after,
            cards_decide_after: contract.sandbox.cards_decide_after,
            cards_reviewed: contract.sandbox.cards_reviewed,
            action_page: format!("{}/3ds", base.trim_end_matches('/')),
        })
    }
}

fn simulated_rail(rail: contract::Rail) -> Rail {
    match rail {
        contract::Rail::Cards => Rail::Cards,
        contract::Rail::Pix => Rail::Pix,
        contract::Rail::Boleto => Rail::Boleto,
        contract::Rail::Mpesa => Rail::Mpesa,
        contract::Rail::Bank => Rail::Bank,
        contract::Rail::Xrpl => Rail::Xrpl,
    }
}

fn charge_of(ask: &Ask) -> Option<RequestId> {
    match ask {
        Ask::Capture { charge } | Ask::Cancel { charge } | Ask::Refund { charge } => Some(*charge),
        Ask::Charge { .. } | Ask::Transfer { .. } | Ask::Payout { .. } => None,
    }
}

fn book_record(book: &Book, account: Account, version: u32) -> Record {
    Record {
        id: book.request().as_i64(),
        kind: RecordKind::Book,
        merchant: account.place.0,
        mode: account.place.1,
        version,
        state: 0,
        reference: None,
        parent: Some(account.owner),
        wake: book.wake(),
        body: serde_json::to_string(book).expect("a book is plain values"),
    }
}

fn unreached() -> News {
    News::Refused(posthorn_core::payment::Refusal {
        code: "provider_unreachable".to_owned(),
        message: "the provider cannot be reached".to_owned(),
        unreached: true,
    })
}
