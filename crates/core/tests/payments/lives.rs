//! Lives of payments: one fixed payment per method, and what happens to it.

use jiff::{SignedDuration, Timestamp};
use posthorn_core::contract::Transition;
use posthorn_core::event::Mode;
use posthorn_core::id::{CheckoutId, MerchantId, OfferId, PaymentId, ProductId, RequestId};
use posthorn_core::money::{Asset, Money};
use posthorn_core::payment::{
    CardFacts, Cart, Customer, Instrument, Method, Movement, NewLeg, News, Payment, Refusal, Sale,
    SaleCheckout, SaleOffer, SaleProduct, Share, Split, Step, Wish,
};

/// Where the payer finds it.
pub(crate) const LINK: Option<&str> = Some("https://pix.pagtracker.com.br/abcde");

/// A payment, and all that was told of it: each transition with the payment as it stood then.
pub(crate) struct Life {
    pub(crate) payment: Payment,
    pub(crate) told: Vec<(Transition, Payment)>,
    now: Timestamp,
}

impl Life {
    /// Opens a payment at `provider`.
    pub(crate) fn open(
        provider: &str,
        method: Method,
        (money, split): (Money, Option<Split>),
        wish: impl Fn(&mut Wish),
    ) -> Self {
        let now: Timestamp = "2026-02-07T03:15:30.123Z".parse().expect("a time");
        let mut wished = Wish {
            method,
            provider: provider.to_owned(),
            hold: false,
            fee: 0,
            reference: Some("order-12345".into()),
            description: Some("Pagamento do Pedido #12345".into()),
            customer: None,
            metadata: r#"{"order_id":"12345"}"#.into(),
            callback: None,
            expires: Some(now + SignedDuration::from_hours(1)),
            installments: 1,
            checkout: None,
            sale: None,
        };
        wish(&mut wished);
        let place = (MerchantId::from_i64(1), Mode::Test);
        let id = PaymentId::from_i64(12_345 << 22);
        let step = Payment::open(id, place, money, (wished, split), now);
        let mut life = Self { payment: step.after.clone(), told: Vec::new(), now };
        life.take(step);
        life
    }

    fn take(&mut self, step: Step) {
        self.told.extend(step.told.into_iter().map(|told| (told, step.after.clone())));
        self.payment = step.after;
    }

    fn request(&self) -> RequestId {
        self.payment.attempts.last().expect("one").call.request
    }

    /// A minute later the provider says something of the charge.
    pub(crate) fn hears(mut self, news: News) -> Self {
        self.now += SignedDuration::from_mins(1);
        let step = self
            .payment
            .clone()
            .hear(self.request(), news, self.now)
            .expect("it stands where that is possible");
        self.take(step);
        self
    }

    /// The payer pays it all, and the provider calls the transaction so.
    pub(crate) fn paid(self, transaction: &str) -> Self {
        let (money, at) = (self.payment.money, self.now + SignedDuration::from_mins(1));
        let transaction = transaction.to_owned();
        self.hears(News::Done(Movement { transaction, money, at, settles: None }))
    }

    /// The provider declines it.
    pub(crate) fn declined(self) -> Self {
        let (code, message) = ("insufficient_funds".into(), "there is not enough money".into());
        self.hears(News::Refused(Refusal { code, message, unreached: false }))
    }

    /// So many minor units go back.
    pub(crate) fn refunded(mut self, minor: i64) -> Self {
        self.now += SignedDuration::from_hours(1);
        let step = self
            .payment
            .clone()
            .refund(Some(minor), None, self.now)
            .expect("it stands where that is possible");
        self.take(step);
        let request = self.payment.refunds.last().expect("one").call.request;
        let money = self.payment.money.with(minor);
        let transaction = format!("D{}", self.payment.refunds.len());
        let done = News::Done(Movement { transaction, money, at: self.now, settles: None });
        let step = self
            .payment
            .clone()
            .hear(request, done, self.now)
            .expect("it stands where that is possible");
        self.take(step);
        self
    }

    /// The payer's bank asks for it back.
    pub(crate) fn disputed(mut self) -> Self {
        let step = self
            .payment
            .clone()
            .dispute("dp_1", self.now)
            .expect("it stands where that is possible");
        self.take(step);
        self
    }

    /// Nobody pays in time.
    pub(crate) fn expired(mut self) -> Self {
        self.now += SignedDuration::from_hours(2);
        let step = self.payment.clone().expire(self.now).expect("it stands where that is possible");
        self.take(step);
        self
    }

    /// The legs of its split arrive, or do not.
    pub(crate) fn legs(mut self, arrive: &[bool]) -> Self {
        for (at, arrives) in arrive.iter().enumerate() {
            let leg = self.payment.split.iter().flat_map(|split| &split.legs).nth(at);
            let leg = leg.expect("it has so many legs");
            let request = leg.call.as_ref().expect("it was paid").request;
            let money = self.payment.money.with(leg.minor);
            let transaction = format!("7978c0c97ea847e78e884963447{at}");
            let news = if *arrives {
                News::Done(Movement { transaction, money, at: self.now, settles: None })
            } else {
                let (code, message) = ("unknown_key".into(), "nobody has this key".into());
                News::Refused(Refusal { code, message, unreached: false })
            };
            let step = self
                .payment
                .clone()
                .hear(request, news, self.now)
                .expect("it stands where that is possible");
            self.take(step);
        }
        self
    }

    /// Something happens to what it belongs to: its checkout, its order.
    pub(crate) fn also(mut self, transition: Transition) -> Self {
        self.told.push((transition, self.payment.clone()));
        self
    }
}

/// R$100.50 by PIX.
pub(crate) fn pix(provider: &str) -> Life {
    pix_with(provider, |_| {})
}

/// The same, with other wishes.
pub(crate) fn pix_with(provider: &str, wish: impl Fn(&mut Wish)) -> Life {
    let legs = [("Destinatário 1", 8_040), ("Destinatário 2", 2_010)].map(|(name, minor)| NewLeg {
        name: name.to_owned(),
        to: "chave".to_owned(),
        share: Share::Fixed(minor),
    });
    let split = Split::new(10_050, legs.into()).expect("it adds up");
    Life::open(provider, Method::Pix, (brl(10_050), Some(split)), wish)
}

/// What the payer of a PIX charge is shown.
pub(crate) fn pix_shown() -> News {
    News::Awaiting(Instrument::Pix {
        txid: "7978c0c97ea847e78e8849634473c1f1".into(),
        br_code: "00020101021226820014br.gov.bcb.pix2560pix.pagtracker.com.br/qr/v2/\
                  9d36b84fc70b478fb95c12729b90ca255204000053039865802BR5910PagTracker\
                  6009SAO PAULO62070503***63044CF4"
            .into(),
    })
}

/// R$299.90 by boleto.
pub(crate) fn boleto(provider: &str) -> Life {
    let line = "23793.38128 60007.827136 69600.014042 9 16410000029990".into();
    let barcode = "23799164100000299903381260007827136960001404".into();
    let due = "2026-11-25".parse().expect("a day");
    Life::open(provider, Method::Boleto, (brl(29_990), None), |_| {})
        .hears(News::Awaiting(Instrument::Boleto { barcode, line, due }))
}

/// R$100.00 by card, of something on sale.
pub(crate) fn card(provider: &str) -> Life {
    let method = Method::Card(CardFacts {
        brand: "visa".into(),
        bin: "424242".into(),
        last4: "4242".into(),
        exp_month: 12,
        exp_year: 2027,
    });
    Life::open(provider, method, (brl(10_000), None), |wish| {
        wish.sale = Some(sale());
        wish.customer = Some(Customer { id: Some("cust_456".into()), ..Customer::default() });
    })
}

/// KES 100.00 by a prompt on a telephone.
pub(crate) fn mobile(provider: &str) -> Life {
    let method = Method::MobileMoney { phone: "254712345678".into() };
    let money = Money { minor: 10_000, asset: Asset::KES };
    let life = Life::open(provider, method, (money, None), |wish| {
        wish.metadata = r#"{"phone_number":"254712345678","description":"Test Payment"}"#.into();
    });
    let checkout_request = "ws_CO_07022026061530000712345678".into();
    life.hears(News::Awaiting(Instrument::Push { checkout_request }))
}

/// 10 XRP.
pub(crate) fn xrp(provider: &str) -> Life {
    let money = Money { minor: 10_000_000, asset: Asset::XRP };
    let address = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh".into();
    Life::open(provider, Method::Xrp, (money, None), |_| {})
        .hears(News::Awaiting(Instrument::Xrp { address, tag: 123_456 }))
}

/// What is on sale.
pub(crate) fn sale() -> Sale {
    Sale {
        checkout: Some(SaleCheckout {
            id: CheckoutId::from_i64(789 << 22),
            email: Some("cliente@example.com".into()),
            phone: Some("+5511999999999".into()),
            name: Some("João Silva".into()),
        }),
        product: Some(SaleProduct {
            id: ProductId::from_i64(123 << 22),
            name: "Consulta Médica".into(),
            kind: Some("SERVICE".into()),
        }),
        offer: Some(SaleOffer {
            id: OfferId::from_i64(456 << 22),
            name: "Consulta - Plano Básico".into(),
            price: brl(10_000),
        }),
    }
}

/// A checkout that was left.
pub(crate) fn cart() -> Cart {
    Cart {
        payment: None,
        sale: sale(),
        money: brl(10_050),
        customer: None,
        metadata: "{}".to_owned(),
        description: None,
        created: "2026-02-07T03:15:30Z".parse().expect("a time"),
        updated: "2026-02-07T03:45:30Z".parse().expect("a time"),
    }
}

/// Reais, in centavos.
pub(crate) fn brl(minor: i64) -> Money {
    Money { minor, asset: Asset::BRL }
}
