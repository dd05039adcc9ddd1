//! Card tokens: a payer's browser gives a card, the merchant's server pays with what stands for it.
//!
//! A token is spent in the transaction that opens its payment, which also erases the number: whoever comes second with it finds
//! either the payment that it asks for again, or that the token is used. The name of a token is its id with a proof, as a link has
//! one (`links.rs`): an id tells when it was made, and a payer who could guess another's would pay with that one's card.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use posthorn_core::card_token::{CardToken, Refused};
use posthorn_core::event::Mode;
use posthorn_core::id::{CardTokenId, MerchantId, PaymentId};
use posthorn_core::payment::Payment;
use posthorn_core::secret::constant_time_eq;
use posthorn_store::{Decision, Record, RecordKind, StoreError};

use super::affair::{read, record_of};
use super::{PayerCard, PaymentDraft};
use crate::Engine;
use crate::error::EngineError;
use crate::shared::Shared;

/// What the proof in a token's name is of.
const PAGE: &str = "card token";

/// The card that pays.
pub enum CardGiven {
    /// As it was typed, in memory alone.
    Typed(PayerCard),
    /// As the token that it was given for.
    Token(CardTokenId),
}

impl PaymentDraft {
    pub(super) fn typed_card(&self) -> Option<&PayerCard> {
        match &self.card {
            Some(CardGiven::Typed(card)) => Some(card),
            Some(CardGiven::Token(_)) | None => None,
        }
    }
}

/// A token that is about to pay, with the card that it stands for.
pub(super) struct Drawn {
    token: CardToken,
    version: u32,
    card: PayerCard,
}

impl Drawn {
    pub(super) fn card(&self) -> &PayerCard {
        &self.card
    }

    /// Its record once it has paid, without the number.
    pub(super) fn spent(&self, payment: PaymentId, now: Timestamp) -> Result<Record, Refused> {
        Ok(kept(&self.token.clone().spend(payment, now)?, self.version))
    }
}

impl Engine {
    /// Makes a token of a card. The number is sealed under a key that seals nothing else; the code is looked at and gone.
    pub async fn make_card_token(
        &self,
        place: (MerchantId, Mode),
        card: PayerCard,
    ) -> Result<CardToken, EngineError> {
        if place.1 == Mode::Live {
            return Err(EngineError::NoLiveProvider);
        }
        let engine = self.clone();
        let work = async move {
            let shared = &engine.shared;
            let real = shared.clock.now();
            let id = CardTokenId::from_i64(shared.next_event_id(real).as_i64());
            let now = shared.directory.now(place.0, place.1, real);
            let number = shared.keyring.seal_card(card.number(), id, &shared.entropy);
            let token = CardToken::new(id, place, (card.facts(), number), now);
            let records = vec![kept(&token, 0)];
            shared.store.commit(Decision { records, ..Decision::default() }).await?;
            shared.wake_bell.notify_one();
            Ok(token)
        };
        self.through(work).await
    }

    /// The token that a name stands for.
    pub async fn card_token(
        &self,
        place: (MerchantId, Mode),
        name: &str,
    ) -> Result<CardToken, EngineError> {
        let unknown = || EngineError::UnknownCardToken;
        let (id, proof) = name.rsplit_once('_').ok_or_else(unknown)?;
        let proof = HEXLOWER.decode(proof.as_bytes()).map_err(|_| unknown())?;
        if !constant_time_eq(&proof, &self.shared.proof(PAGE, id)) {
            return Err(unknown());
        }
        let id = id.parse().map_err(|_| unknown())?;
        let (token, _) = self.shared.card_token(place, id).await?;
        // Its time may be over before somebody has looked after it.
        Ok(token.expire(self.shared.directory.now(place.0, place.1, self.shared.clock.now())))
    }

    /// What a token is called: nobody can guess it.
    #[must_use]
    pub fn card_token_name(&self, id: CardTokenId) -> String {
        let id = id.to_string();
        let proof = HEXLOWER.encode(&self.shared.proof(PAGE, &id));
        format!("{id}_{proof}")
    }
}

impl Shared {
    /// A merchant's token, and the version that it was read at.
    async fn card_token(
        &self,
        place: (MerchantId, Mode),
        id: CardTokenId,
    ) -> Result<(CardToken, u32), EngineError> {
        let record = self.store.record(id.as_i64()).await?;
        let record = record.ok_or(EngineError::UnknownCardToken)?;
        if (record.kind, record.merchant, record.mode) != (RecordKind::CardToken, place.0, place.1)
        {
            return Err(EngineError::UnknownCardToken);
        }
        Ok((read(&record)?, record.version))
    }

    /// The token that a draft is to be paid with, as it stands.
    pub(super) async fn token_of(
        &self,
        place: (MerchantId, Mode),
        draft: &PaymentDraft,
    ) -> Result<Option<(CardToken, u32)>, EngineError> {
        match &draft.card {
            Some(CardGiven::Token(id)) => self.card_token(place, *id).await.map(Some),
            Some(CardGiven::Typed(_)) | None => Ok(None),
        }
    }

    /// The payment that a draft asks for once more: the one that its token has paid, if that is the same, or the one that has its
    /// reference. The first stands also when it was declined: who asks again with the same token has not read the answer.
    pub(super) async fn made_before(
        &self,
        place: (MerchantId, Mode),
        draft: &PaymentDraft,
        token: Option<&(CardToken, u32)>,
    ) -> Result<Option<Payment>, EngineError> {
        let Some(id) = token.and_then(|(token, _)| token.payment()) else {
            return self.with_reference(place, draft).await;
        };
        let paid = self.payment(place, id).await?;
        let wished = &draft.wish;
        let same = paid.wish.reference.is_some()
            && paid.wish.reference == wished.reference
            && paid.wish.provider == wished.provider
            && paid.money == draft.money;
        if same { Ok(Some(paid)) } else { Err(Refused::Used.into()) }
    }

    /// Opens the card that a token stands for. What no key opens any more (the master key was changed meanwhile) is over.
    pub(super) fn draw(&self, (token, version): (CardToken, u32)) -> Result<Drawn, EngineError> {
        let now = self.directory.now(token.merchant, token.mode, self.clock.now());
        let number = self.keyring.open_card(token.number(now)?, token.id);
        let number = number.map_err(|error| {
            tracing::warn!(card_token.id = %token.id, %error, "a card token is told to have expired");
            Refused::Expired
        })?;
        let card = PayerCard::opened(&number, &token.card).map_err(|_| Refused::Expired)?;
        Ok(Drawn { token, version, card })
    }

    /// Its time is over: the number is erased, and an hour later the token forgotten, so that whoever has a publishable key (all who
    /// look at the page) fills no database with what nobody pays with.
    pub(super) async fn expire_card_token(&self, id: i64) -> Result<(), EngineError> {
        let Some(record) = self.store.record(id).await? else { return Ok(()) };
        let token: CardToken = read(&record)?;
        let now = self.directory.now(token.merchant, token.mode, self.clock.now());
        if token.is_forgotten(now) {
            self.store.forget_record(id, record.version).await?;
            return Ok(());
        }
        let expired = token.clone().expire(now);
        if expired == token {
            return Ok(());
        }
        let records = vec![kept(&expired, record.version)];
        match self.store.commit(Decision { records, ..Decision::default() }).await {
            // Stale: it was used at this moment.
            Ok(_) | Err(StoreError::Stale { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn kept(token: &CardToken, version: u32) -> Record {
    let place = (token.merchant, token.mode);
    Record {
        state: token.state.code(),
        wake: token.wake(),
        ..record_of(RecordKind::CardToken, token.id.as_i64(), place, version, token)
    }
}
