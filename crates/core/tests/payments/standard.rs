//! Posthorn's own words, in the contract `standard`.

use posthorn_core::contract::Transition;
use posthorn_core::event::Mode;
use posthorn_core::id::{MerchantId, PayoutId};
use posthorn_core::money::{Asset, Money};
use posthorn_core::payment::{Customer, Facts, Movement, News, Subject};
use posthorn_core::payout::{Payout, Wish};

use crate::lives::{self, boleto, card, mobile, pix_shown, pix_with, xrp};
use crate::{contract, lines_of, told};

#[test]
fn a_pix_payment_that_is_shared_and_partly_returned() {
    let life = pix_with("efi", |wish| {
        let (name, document) = (Some("João Silva".into()), Some("12345678909".into()));
        wish.customer = Some(Customer { name, document, ..Customer::default() });
        wish.callback = Some("https://shop.example/hook".into());
    });
    let life = life.hears(pix_shown()).paid("E1").legs(&[true, false]);
    insta::assert_snapshot!(told("standard", &life), @r#"
    payment.created {"id":"pay_1g740000","status":"created","amount":10050,"currency":"BRL","method":"pix","installments":1,"provider":"efi","reference":"order-12345","description":"Pagamento do Pedido #12345","payment_link":"https://pix.pagtracker.com.br/abcde","customer":{"name":"João Silva","document":"12345678909"},"split":{"id":"spl_1g740000","total":10050,"legs":[{"id":"leg_1g740001","name":"Destinatário 1","amount":8040,"status":"pending"},{"id":"leg_1g740002","name":"Destinatário 2","amount":2010,"status":"pending"}]},"callback_url":"https://shop.example/hook","metadata":{"order_id":"12345"},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T03:15:30Z","expires":"2026-02-07T04:15:30Z"}
    payment.pending {"id":"pay_1g740000","status":"pending","amount":10050,"currency":"BRL","method":"pix","installments":1,"provider":"efi","provider_reference":"7978c0c97ea847e78e8849634473c1f1","reference":"order-12345","description":"Pagamento do Pedido #12345","payment_link":"https://pix.pagtracker.com.br/abcde","pix":{"txid":"7978c0c97ea847e78e8849634473c1f1","qr_code":"00020101021226820014br.gov.bcb.pix2560pix.pagtracker.com.br/qr/v2/9d36b84fc70b478fb95c12729b90ca255204000053039865802BR5910PagTracker6009SAO PAULO62070503***63044CF4"},"customer":{"name":"João Silva","document":"12345678909"},"split":{"id":"spl_1g740000","total":10050,"legs":[{"id":"leg_1g740001","name":"Destinatário 1","amount":8040,"status":"pending"},{"id":"leg_1g740002","name":"Destinatário 2","amount":2010,"status":"pending"}]},"callback_url":"https://shop.example/hook","metadata":{"order_id":"12345"},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T03:16:30Z","expires":"2026-02-07T04:15:30Z"}
    payment.succeeded {"id":"pay_1g740000","status":"succeeded","amount":10050,"currency":"BRL","method":"pix","installments":1,"provider":"efi","provider_reference":"7978c0c97ea847e78e8849634473c1f1","provider_charge":"E1","reference":"order-12345","description":"Pagamento do Pedido #12345","payment_link":"https://pix.pagtracker.com.br/abcde","pix":{"txid":"7978c0c97ea847e78e8849634473c1f1","qr_code":"00020101021226820014br.gov.bcb.pix2560pix.pagtracker.com.br/qr/v2/9d36b84fc70b478fb95c12729b90ca255204000053039865802BR5910PagTracker6009SAO PAULO62070503***63044CF4","end_to_end_id":"E1"},"customer":{"name":"João Silva","document":"12345678909"},"split":{"id":"spl_1g740000","total":10050,"legs":[{"id":"leg_1g740001","name":"Destinatário 1","amount":8040,"status":"pending"},{"id":"leg_1g740002","name":"Destinatário 2","amount":2010,"status":"pending"}]},"callback_url":"https://shop.example/hook","metadata":{"order_id":"12345"},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T03:17:30Z","expires":"2026-02-07T04:15:30Z","paid":"2026-02-07T03:17:30Z"}
    split.failed {"id":"spl_1g740000","payment":"pay_1g740000","total":10050,"currency":"BRL","legs":[{"id":"leg_1g740001","name":"Destinatário 1","amount":8040,"status":"processed","transaction":"7978c0c97ea847e78e8849634470"},{"id":"leg_1g740002","name":"Destinatário 2","amount":2010,"status":"failed","error":"unknown_key"}],"processed":"2026-02-07T03:17:30Z"}
    "#);
}

#[test]
fn a_card_that_needs_its_holder_is_reserved_and_then_paid_returned_and_disputed() {
    let life = card("stripe")
        .hears(News::ActionRequired { url: "https://3ds".into() })
        .hears(News::Authorized)
        .paid("ch_1")
        .refunded(4_000)
        .disputed();
    insta::assert_snapshot!(told("standard", &life), @r#"
    payment.created {"id":"pay_1g740000","status":"created","amount":10000,"currency":"BRL","method":"card","installments":1,"provider":"stripe","reference":"order-12345","description":"Pagamento do Pedido #12345","payment_link":"https://pix.pagtracker.com.br/abcde","card":{"brand":"visa","last4":"4242"},"customer":{"id":"cust_456"},"checkout":{"id":"co_32m0000","email":"cliente@example.com","phone":"+5511999999999","name":"João Silva"},"product":{"id":"prod_fc0000","name":"Consulta Médica","type":"SERVICE"},"offer":{"id":"off_1s00000","name":"Consulta - Plano Básico","price":10000},"metadata":{"order_id":"12345"},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T03:15:30Z","expires":"2026-02-07T04:15:30Z"}
    payment.requires_action {"id":"pay_1g740000","status":"requires_action","amount":10000,"currency":"BRL","method":"card","installments":1,"provider":"stripe","reference":"order-12345","description":"Pagamento do Pedido #12345","payment_link":"https://pix.pagtracker.com.br/abcde","card":{"brand":"visa","last4":"4242"},"customer":{"id":"cust_456"},"checkout":{"id":"co_32m0000","email":"cliente@example.com","phone":"+5511999999999","name":"João Silva"},"product":{"id":"prod_fc0000","name":"Consulta Médica","type":"SERVICE"},"offer":{"id":"off_1s00000","name":"Consulta - Plano Básico","price":10000},"metadata":{"order_id":"12345"},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T03:16:30Z","expires":"2026-02-07T04:15:30Z"}
    payment.authorized {"id":"pay_1g740000","status":"authorized","amount":10000,"currency":"BRL","method":"card","installments":1,"provider":"stripe","reference":"order-12345","description":"Pagamento do Pedido #12345","payment_link":"https://pix.pagtracker.com.br/abcde","card":{"brand":"visa","last4":"4242"},"customer":{"id":"cust_456"},"checkout":{"id":"co_32m0000","email":"cliente@example.com","phone":"+5511999999999","name":"João Silva"},"product":{"id":"prod_fc0000","name":"Consulta Médica","type":"SERVICE"},"offer":{"id":"off_1s00000","name":"Consulta - Plano Básico","price":10000},"metadata":{"order_id":"12345"},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T03:17:30Z","expires":"2026-02-07T04:15:30Z"}
    payment.succeeded {"id":"pay_1g740000","status":"succeeded","amount":10000,"currency":"BRL","method":"card","installments":1,"provider":"stripe","provider_charge":"ch_1","reference":"order-12345","description":"Pagamento do Pedido #12345","payment_link":"https://pix.pagtracker.com.br/abcde","card":{"brand":"visa","last4":"4242"},"customer":{"id":"cust_456"},"checkout":{"id":"co_32m0000","email":"cliente@example.com","phone":"+5511999999999","name":"João Silva"},"product":{"id":"prod_fc0000","name":"Consulta Médica","type":"SERVICE"},"offer":{"id":"off_1s00000","name":"Consulta - Plano Básico","price":10000},"metadata":{"order_id":"12345"},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T03:18:30Z","expires":"2026-02-07T04:15:30Z","paid":"2026-02-07T03:18:30Z"}
    payment.partially_refunded {"id":"pay_1g740000","status":"partially_refunded","amount":10000,"amount_refunded":4000,"currency":"BRL","method":"card","installments":1,"provider":"stripe","provider_charge":"ch_1","reference":"order-12345","description":"Pagamento do Pedido #12345","payment_link":"https://pix.pagtracker.com.br/abcde","card":{"brand":"visa","last4":"4242"},"customer":{"id":"cust_456"},"checkout":{"id":"co_32m0000","email":"cliente@example.com","phone":"+5511999999999","name":"João Silva"},"product":{"id":"prod_fc0000","name":"Consulta Médica","type":"SERVICE"},"offer":{"id":"off_1s00000","name":"Consulta - Plano Básico","price":10000},"metadata":{"order_id":"12345"},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T04:18:30Z","expires":"2026-02-07T04:15:30Z","paid":"2026-02-07T03:18:30Z","refunded":"2026-02-07T04:18:30Z"}
    payment.disputed {"id":"pay_1g740000","status":"disputed","amount":10000,"amount_refunded":4000,"currency":"BRL","method":"card","installments":1,"provider":"stripe","provider_charge":"ch_1","reference":"order-12345","description":"Pagamento do Pedido #12345","payment_link":"https://pix.pagtracker.com.br/abcde","card":{"brand":"visa","last4":"4242"},"customer":{"id":"cust_456"},"checkout":{"id":"co_32m0000","email":"cliente@example.com","phone":"+5511999999999","name":"João Silva"},"product":{"id":"prod_fc0000","name":"Consulta Médica","type":"SERVICE"},"offer":{"id":"off_1s00000","name":"Consulta - Plano Básico","price":10000},"metadata":{"order_id":"12345"},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T04:18:30Z","expires":"2026-02-07T04:15:30Z","paid":"2026-02-07T03:18:30Z","refunded":"2026-02-07T04:18:30Z"}
    "#);
}

#[test]
fn a_boleto_that_was_paid_when_it_had_expired_is_late() {
    insta::assert_snapshot!(told("standard", &boleto("efi").expired().paid("E1")), @r#"
    payment.created {"id":"pay_1g740000","status":"created","amount":29990,"currency":"BRL","method":"boleto","installments":1,"provider":"efi","reference":"order-12345","description":"Pagamento do Pedido #12345","payment_link":"https://pix.pagtracker.com.br/abcde","metadata":{"order_id":"12345"},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T03:15:30Z","expires":"2026-02-07T04:15:30Z"}
    payment.pending {"id":"pay_1g740000","status":"pending","amount":29990,"currency":"BRL","method":"boleto","installments":1,"provider":"efi","provider_reference":"23799164100000299903381260007827136960001404","reference":"order-12345","description":"Pagamento do Pedido #12345","payment_link":"https://pix.pagtracker.com.br/abcde","boleto":{"barcode":"23799164100000299903381260007827136960001404","digitable_line":"23793.38128 60007.827136 69600.014042 9 16410000029990","due":"2026-11-25"},"metadata":{"order_id":"12345"},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T03:16:30Z","expires":"2026-02-07T04:15:30Z"}
    payment.expired {"id":"pay_1g740000","status":"expired","amount":29990,"currency":"BRL","method":"boleto","installments":1,"provider":"efi","provider_reference":"23799164100000299903381260007827136960001404","reference":"order-12345","description":"Pagamento do Pedido #12345","payment_link":"https://pix.pagtracker.com.br/abcde","boleto":{"barcode":"23799164100000299903381260007827136960001404","digitable_line":"23793.38128 60007.827136 69600.014042 9 16410000029990","due":"2026-11-25"},"failure":{"code":"expired","message":"nobody paid in time"},"metadata":{"order_id":"12345"},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T05:16:30Z","expires":"2026-02-07T04:15:30Z"}
    payment.succeeded {"id":"pay_1g740000","status":"succeeded","amount":29990,"currency":"BRL","method":"boleto","installments":1,"provider":"efi","provider_reference":"23799164100000299903381260007827136960001404","provider_charge":"E1","reference":"order-12345","description":"Pagamento do Pedido #12345","payment_link":"https://pix.pagtracker.com.br/abcde","boleto":{"barcode":"23799164100000299903381260007827136960001404","digitable_line":"23793.38128 60007.827136 69600.014042 9 16410000029990","due":"2026-11-25"},"late":true,"metadata":{"order_id":"12345"},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T05:17:30Z","expires":"2026-02-07T04:15:30Z","paid":"2026-02-07T05:17:30Z"}
    "#);
}

#[test]
fn what_only_the_rail_knows_stands_with_its_method() {
    let last = |told: String| told.lines().last().unwrap().to_owned();
    insta::assert_snapshot!(last(told("standard", &mobile("mpesa").paid("UB7K3X9QZ1"))), @r#"
    payment.succeeded {"id":"pay_1g740000","status":"succeeded","amount":10000,"currency":"KES","method":"mobile_money","installments":1,"provider":"mpesa","provider_reference":"ws_CO_07022026061530000712345678","provider_charge":"UB7K3X9QZ1","reference":"order-12345","description":"Pagamento do Pedido #12345","payment_link":"https://pix.pagtracker.com.br/abcde","mobile_money":{"receipt":"UB7K3X9QZ1"},"metadata":{"phone_number":"254712345678","description":"Test Payment"},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T03:17:30Z","expires":"2026-02-07T04:15:30Z","paid":"2026-02-07T03:17:30Z"}
    "#);
    insta::assert_snapshot!(last(told("standard", &xrp("xrpl").paid(&"ABCD".repeat(16)))), @r#"
    payment.succeeded {"id":"pay_1g740000","status":"succeeded","amount":10000000,"currency":"XRP","method":"xrp","installments":1,"provider":"xrpl","provider_charge":"ABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCD","reference":"order-12345","description":"Pagamento do Pedido #12345","payment_link":"https://pix.pagtracker.com.br/abcde","xrp":{"address":"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh","destination_tag":"123456","hash":"ABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCD"},"metadata":{"order_id":"12345"},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T03:17:30Z","expires":"2026-02-07T04:15:30Z","paid":"2026-02-07T03:17:30Z"}
    "#);
}

#[test]
fn a_checkout_that_was_left_and_one_that_was_paid() {
    let cart = lives::cart();
    let facts = Facts { subject: Subject::Cart(&cart), merchant: "mer_1", payment_link: None };
    let lines = lines_of(contract("standard"), Transition::CheckoutAbandoned, &facts);
    insta::assert_snapshot!(lines.join("\n"), @r#"
    checkout.abandoned {"id":"co_32m0000","status":"abandoned","amount":10050,"currency":"BRL","email":"cliente@example.com","phone":"+5511999999999","name":"João Silva","created":"2026-02-07T03:15:30Z","abandoned":"2026-02-07T03:45:30Z"}
    "#);
    let life = card("stripe").paid("ch_1").also(Transition::CheckoutCompleted);
    insta::assert_snapshot!(told("standard", &life).lines().last().unwrap(), @r#"
    checkout.completed {"id":"co_32m0000","payment":"pay_1g740000","status":"completed","amount":10000,"currency":"BRL","completed":"2026-02-07T03:16:30Z"}
    "#);
}

#[test]
fn what_no_contract_has_a_form_of_only_a_caller_can_tell() {
    let payment = card("stripe").payment;
    let facts = Facts::of(&payment, "mer_1");
    let kind = "no.such_event".parse().unwrap();
    assert_eq!(contract("standard").event_data(&kind, &facts), None);
}

#[test]
fn a_payout_that_arrives() {
    let wish = Wish {
        destination: "loja@exemplo.com".into(),
        provider: "efi".into(),
        reference: Some("salary".into()),
        description: None,
        metadata: r#"{"a":1}"#.into(),
        callback: None,
    };
    let now = "2026-02-07T03:15:30Z".parse().unwrap();
    let money = Money { minor: 5_000, asset: Asset::BRL };
    let (id, place) = (PayoutId::from_i64(3 << 10), (MerchantId::from_i64(1), Mode::Test));
    let made = Payout::open(id, place, money, wish, now).after;
    let settles = None;
    let sent = Movement { transaction: "E1".into(), money, at: now, settles };
    let request = made.call.request;
    let done = made.clone().hear(request, News::Done(sent), now).unwrap().after;
    let line = |payout: &Payout, transition| {
        let subject = Subject::Payout(payout.facts());
        let facts = Facts { subject, merchant: "mer_1", payment_link: None };
        lines_of(contract("standard"), transition, &facts).join("\n")
    };
    insta::assert_snapshot!(line(&made, Transition::PayoutCreated), @r#"payout.created {"id":"po_300","amount":5000,"currency":"BRL","status":"pending","destination":"loja@exemplo.com","provider":"efi","reference":"salary","metadata":{"a":1},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T03:15:30Z"}"#);
    insta::assert_snapshot!(line(&done, Transition::PayoutCompleted), @r#"payout.completed {"id":"po_300","amount":5000,"currency":"BRL","status":"completed","destination":"loja@exemplo.com","provider":"efi","reference":"salary","transaction":"E1","metadata":{"a":1},"created":"2026-02-07T03:15:30Z","updated":"2026-02-07T03:15:30Z"}"#);
}
