//! The five guides' bodies.

use posthorn_core::contract::{Sending, Transition};
use posthorn_core::id::CheckoutId;
use posthorn_core::json::Style;
use posthorn_core::payment::{Customer, Facts, News, Subject};

use crate::lives::{self, boleto, card, mobile, pix, pix_shown, pix_with, xrp};
use crate::{contract, lines_of, told};

// === TechCorp: one schema, as the FAQ prints none ===

#[test]
fn techcorp_confirms_a_payment_and_then_its_order_is_paid() {
    let life = card("Stripe").paid("ch_1");
    insta::assert_snapshot!(told("techcorp", &life), @r#"
    payment.confirmed {"id":"00000018-1c80-8000-8127-f22027e1b1a1","order_id":"order-12345","amount":10000,"currency":"BRL","status":"APPROVED","method":"credit_card","provider":"Stripe","installments":1,"card":{"brand":"visa","last4":"4242"},"description":"Pagamento do Pedido #12345","metadata":{"order_id":"12345"},"created_at":"2026-02-07T03:15:30Z","expires_at":"2026-02-07T04:15:30Z","paid_at":"2026-02-07T03:16:30Z"}
    order.paid {"order_id":"order-12345","status":"PAID","total":100,"currency":"BRL","payment_id":"00000018-1c80-8000-8127-f22027e1b1a1"}
    "#);
}

#[test]
fn techcorp_calls_an_expired_payment_failed_and_says_why() {
    insta::assert_snapshot!(told("techcorp", &card("Stripe").declined()), @r#"
    payment.failed {"id":"00000018-1c80-8000-8127-f22027e1b1a1","order_id":"order-12345","amount":10000,"currency":"BRL","status":"DECLINED","method":"credit_card","provider":"Stripe","installments":1,"card":{"brand":"visa","last4":"4242"},"decline_code":"insufficient_funds","decline_message":"there is not enough money","description":"Pagamento do Pedido #12345","metadata":{"order_id":"12345"},"created_at":"2026-02-07T03:15:30Z","expires_at":"2026-02-07T04:15:30Z"}
    "#);
    let expired = pix("PagSeguro").hears(pix_shown()).expired();
    insta::assert_snapshot!(told("techcorp", &expired), @r#"
    payment.failed {"id":"00000018-1c80-8000-8127-f22027e1b1a1","order_id":"order-12345","amount":10050,"currency":"BRL","status":"EXPIRED","method":"pix","provider":"PagSeguro","installments":1,"pix":{"txid":"7978c0c97ea847e78e8849634473c1f1","qr_code":"00020101021226820014br.gov.bcb.pix2560pix.pagtracker.com.br/qr/v2/9d36b84fc70b478fb95c12729b90ca255204000053039865802BR5910PagTracker6009SAO PAULO62070503***63044CF4"},"decline_code":"expired","decline_message":"nobody paid in time","description":"Pagamento do Pedido #12345","metadata":{"order_id":"12345"},"created_at":"2026-02-07T03:15:30Z","expires_at":"2026-02-07T04:15:30Z"}
    "#);
}

#[test]
fn techcorp_tells_of_each_refund_how_much_went_back_in_all() {
    let life = boleto("PagSeguro").paid("E1").refunded(9_990).refunded(20_000);
    insta::assert_snapshot!(told("techcorp", &life), @r#"
    payment.confirmed {"id":"00000018-1c80-8000-8127-f22027e1b1a1","order_id":"order-12345","amount":29990,"currency":"BRL","status":"APPROVED","method":"boleto","provider":"PagSeguro","installments":1,"boleto":{"barcode":"23799164100000299903381260007827136960001404","digitable_line":"23793.38128 60007.827136 69600.014042 9 16410000029990","due_date":"2026-11-25"},"description":"Pagamento do Pedido #12345","metadata":{"order_id":"12345"},"created_at":"2026-02-07T03:15:30Z","expires_at":"2026-02-07T04:15:30Z","paid_at":"2026-02-07T03:17:30Z"}
    order.paid {"order_id":"order-12345","status":"PAID","total":299.9,"currency":"BRL","payment_id":"00000018-1c80-8000-8127-f22027e1b1a1"}
    payment.refunded {"id":"00000018-1c80-8000-8127-f22027e1b1a1","order_id":"order-12345","amount":29990,"amount_refunded":9990,"currency":"BRL","status":"PARTIALLY_REFUNDED","method":"boleto","provider":"PagSeguro","installments":1,"boleto":{"barcode":"23799164100000299903381260007827136960001404","digitable_line":"23793.38128 60007.827136 69600.014042 9 16410000029990","due_date":"2026-11-25"},"description":"Pagamento do Pedido #12345","metadata":{"order_id":"12345"},"created_at":"2026-02-07T03:15:30Z","expires_at":"2026-02-07T04:15:30Z","paid_at":"2026-02-07T03:17:30Z"}
    payment.refunded {"id":"00000018-1c80-8000-8127-f22027e1b1a1","order_id":"order-12345","amount":29990,"amount_refunded":29990,"currency":"BRL","status":"REFUNDED","method":"boleto","provider":"PagSeguro","installments":1,"boleto":{"barcode":"23799164100000299903381260007827136960001404","digitable_line":"23793.38128 60007.827136 69600.014042 9 16410000029990","due_date":"2026-11-25"},"description":"Pagamento do Pedido #12345","metadata":{"order_id":"12345"},"created_at":"2026-02-07T03:15:30Z","expires_at":"2026-02-07T04:15:30Z","paid_at":"2026-02-07T03:17:30Z"}
    "#);
}

// === PayQI ===

#[test]
fn payqi_prints_its_guides_event() {
    let life =
        xrp("xrpl").hears(News::Seen { transaction: "ABCD".repeat(16) }).paid(&"ABCD".repeat(16));
    insta::assert_snapshot!(told("payqi", &life), @r#"
    payment.created {"id":"pay_1g740000","amount":10,"currency":"XRP","status":"created","pay_address":"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh","destination_tag":"123456","metadata":{"order_id":"12345"}}
    payment.pending {"id":"pay_1g740000","amount":10,"currency":"XRP","status":"pending","pay_address":"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh","destination_tag":"123456","metadata":{"order_id":"12345"}}
    payment.pending {"id":"pay_1g740000","amount":10,"currency":"XRP","status":"pending","pay_address":"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh","destination_tag":"123456","metadata":{"order_id":"12345"}}
    payment.completed {"id":"pay_1g740000","amount":10,"currency":"XRP","status":"completed","pay_address":"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh","destination_tag":"123456","tx_hash":"ABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCD","metadata":{"order_id":"12345"}}
    "#);
}

#[test]
fn payqi_calls_what_was_called_off_failed_and_its_metadata_is_never_missing() {
    let canceled = xrp("xrpl").hears(News::Canceled);
    insta::assert_snapshot!(told("payqi", &canceled), @r#"
    payment.created {"id":"pay_1g740000","amount":10,"currency":"XRP","status":"created","pay_address":"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh","destination_tag":"123456","metadata":{"order_id":"12345"}}
    payment.pending {"id":"pay_1g740000","amount":10,"currency":"XRP","status":"pending","pay_address":"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh","destination_tag":"123456","metadata":{"order_id":"12345"}}
    payment.failed {"id":"pay_1g740000","amount":10,"currency":"XRP","status":"failed","pay_address":"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh","destination_tag":"123456","reason":"canceled","metadata":{"order_id":"12345"}}
    "#);
    let mut expired = xrp("xrpl");
    expired.payment.wish.metadata = "{}".into();
    insta::assert_snapshot!(told("payqi", &expired.expired()), @r#"
    payment.created {"id":"pay_1g740000","amount":10,"currency":"XRP","status":"created","pay_address":"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh","destination_tag":"123456","metadata":{"order_id":"12345"}}
    payment.pending {"id":"pay_1g740000","amount":10,"currency":"XRP","status":"pending","pay_address":"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh","destination_tag":"123456","metadata":{"order_id":"12345"}}
    payment.expired {"id":"pay_1g740000","amount":10,"currency":"XRP","status":"expired","pay_address":"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh","destination_tag":"123456","reason":"expired","metadata":{}}
    "#);
}

#[test]
fn payqi_prints_drops_to_the_last_digit() {
    let mut life = xrp("xrpl");
    life.payment.money.minor = 10_500_001;
    assert!(told("payqi", &life.paid("F00D")).contains(r#""amount":10.500001,"#));
}

// === SentinelGate ===

#[test]
fn sentinelgate_prints_its_guides_webhook_event_field_by_field() {
    let life = mobile("MPESA_SAFARICOM").paid("UB7K3X9QZ1");
    let (transition, payment) = life.told.last().unwrap();
    let sentinelgate = contract("sentinelgate");
    let event = sentinelgate.events_on(*transition).next().unwrap();
    let data = sentinelgate.event_data(&event.kind, &Facts::of(payment, "mer_1")).unwrap();
    let sending = Sending {
        id: "evt_1",
        kind: event.kind.as_str(),
        created: payment.updated,
        merchant: "mer_1",
        delivery: "dlv_1",
        attempt: 1,
        sequence: Some(3),
        timestamp: 1_795_305_600,
        data: &data,
        style: Style::Js,
    };
    let signed = sentinelgate.sign(&sending, &[]).unwrap();
    insta::assert_snapshot!(String::from_utf8(signed.body).unwrap(), @r#"
    {"event":"payment.completed","payment_id":"pay_1g740000","merchant_id":"mer_1","status":"COMPLETED","amount_cents":10000,"currency":"KES","provider":"MPESA_SAFARICOM","provider_reference":"MPE2026020750565120","timestamp":"2026-02-07T03:17:30Z","metadata":{"phone_number":"254712345678","description":"Test Payment","mpesa_receipt":"UB7K3X9QZ1"}}
    "#);
    assert!(signed.headers.contains(&("X-Event-Sequence".into(), "3".into())));
}

#[test]
fn sentinelgates_reference_is_the_same_from_the_beginning_and_expiry_is_failure() {
    insta::assert_snapshot!(told("sentinelgate", &mobile("MPESA_SAFARICOM").expired()), @r#"
    payment.pending {"payment_id":"pay_1g740000","status":"PENDING","amount_cents":10000,"currency":"KES","provider":"MPESA_SAFARICOM","provider_reference":"MPE2026020750565120","metadata":{"phone_number":"254712345678","description":"Test Payment"}}
    payment.failed {"payment_id":"pay_1g740000","status":"FAILED","amount_cents":10000,"currency":"KES","provider":"MPESA_SAFARICOM","provider_reference":"MPE2026020750565120","metadata":{"phone_number":"254712345678","description":"Test Payment"}}
    "#);
    insta::assert_snapshot!(told("sentinelgate", &mobile("BUNI").declined()), @r#"
    payment.pending {"payment_id":"pay_1g740000","status":"PENDING","amount_cents":10000,"currency":"KES","provider":"BUNI","provider_reference":"BUN2026020750565120","metadata":{"phone_number":"254712345678","description":"Test Payment"}}
    payment.failed {"payment_id":"pay_1g740000","status":"FAILED","amount_cents":10000,"currency":"KES","provider":"BUNI","provider_reference":"BUN2026020750565120","metadata":{"phone_number":"254712345678","description":"Test Payment"}}
    "#);
    insta::assert_snapshot!(told("sentinelgate", &mobile("BUNI").hears(News::Canceled)), @r#"
    payment.pending {"payment_id":"pay_1g740000","status":"PENDING","amount_cents":10000,"currency":"KES","provider":"BUNI","provider_reference":"BUN2026020750565120","metadata":{"phone_number":"254712345678","description":"Test Payment"}}
    payment.cancelled {"payment_id":"pay_1g740000","status":"CANCELLED","amount_cents":10000,"currency":"KES","provider":"BUNI","provider_reference":"BUN2026020750565120","metadata":{"phone_number":"254712345678","description":"Test Payment"}}
    "#);
}

#[test]
fn sentinelgate_has_no_word_for_refunds_and_disputes_and_says_nothing_then() {
    let life = mobile("BUNI").paid("UB7K3X9QZ1").refunded(5_000).disputed();
    let types: Vec<_> = told("sentinelgate", &life)
        .lines()
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(types, ["payment.pending", "payment.completed"]);
}

// === KrxScale ===

#[test]
fn krxscale_prints_its_guides_transaction_checkout_product_and_offer() {
    let life = card("stripe").paid("ch_1234567890");
    insta::assert_snapshot!(told("krxscale", &life), @r#"
    payment.transaction.created {"transaction":{"id":"tx_1g740000","status":"created","status_v2":"CREATED","provider":"stripe","providerOrderId":"pi_50565120","amountCents":10000,"currency":"BRL","installments":1,"paymentMethodType":"credit_card","productId":"prod_fc0000","customerId":"cust_456","createdAt":"2026-02-07T03:15:30Z","updatedAt":"2026-02-07T03:15:30Z"},"checkout":{"id":"co_32m0000","email":"cliente@example.com","phone":"+5511999999999","name":"João Silva"},"product":{"id":"prod_fc0000","name":"Consulta Médica","type":"SERVICE"},"offer":{"id":"off_1s00000","name":"Consulta - Plano Básico","priceCents":10000}}
    payment.transaction.succeeded {"transaction":{"id":"tx_1g740000","status":"paid","status_v2":"SUCCEEDED","provider":"stripe","providerOrderId":"pi_50565120","providerChargeId":"ch_1234567890","amountCents":10000,"currency":"BRL","installments":1,"paymentMethodType":"credit_card","productId":"prod_fc0000","customerId":"cust_456","paidAt":"2026-02-07T03:16:30Z","createdAt":"2026-02-07T03:15:30Z","updatedAt":"2026-02-07T03:16:30Z"},"checkout":{"id":"co_32m0000","email":"cliente@example.com","phone":"+5511999999999","name":"João Silva"},"product":{"id":"prod_fc0000","name":"Consulta Médica","type":"SERVICE"},"offer":{"id":"off_1s00000","name":"Consulta - Plano Básico","priceCents":10000}}
    "#);
}

#[test]
fn krxscale_says_a_status_twice_in_an_old_word_and_a_new_one() {
    let lived = card("stripe")
        .hears(News::ActionRequired { url: "https://3ds".into() })
        .hears(News::Processing)
        .hears(News::Authorized)
        .paid("ch_1")
        .refunded(4_000)
        .disputed();
    let returned = card("stripe").paid("ch_1").refunded(10_000);
    let ended = [card("stripe").declined(), card("stripe").hears(News::Canceled)];
    let expired = pix("efi").hears(pix_shown()).expired();
    let lives = [lived, returned].into_iter().chain(ended).chain([expired]);
    let status = |line: &str| {
        let (event, data) = line.split_once(' ').unwrap();
        let data = posthorn_core::json::parse(data.as_bytes()).unwrap();
        let word = |path| data.path(path).unwrap().as_str().unwrap().to_owned();
        format!("{event}: {} {}", word("transaction.status"), word("transaction.status_v2"))
    };
    let mut words: Vec<String> = lives
        .flat_map(|life| told("krxscale", &life).lines().map(status).collect::<Vec<_>>())
        .collect();
    words.dedup();
    insta::assert_snapshot!(words.join("\n"), @r#"
    payment.transaction.created: created CREATED
    payment.transaction.requires_action: requires_action REQUIRES_ACTION
    payment.transaction.processing: processing PROCESSING
    payment.transaction.succeeded: paid SUCCEEDED
    payment.transaction.partially_refunded: partially_refunded PARTIALLY_REFUNDED
    payment.transaction.chargeback: chargeback CHARGEBACK
    payment.transaction.created: created CREATED
    payment.transaction.succeeded: paid SUCCEEDED
    payment.transaction.refunded: refunded REFUNDED
    payment.transaction.created: created CREATED
    payment.transaction.failed: failed FAILED
    payment.transaction.created: created CREATED
    payment.transaction.canceled: canceled CANCELED
    payment.transaction.created: created CREATED
    payment.transaction.pending: pending PENDING
    payment.transaction.canceled: canceled EXPIRED
    "#);
}

#[test]
fn krxscale_leaves_out_what_is_not_on_sale_and_knows_pix_by_its_txid() {
    let life = pix("efi").hears(pix_shown()).paid("E1234567820260207031600000000001");
    insta::assert_snapshot!(told("krxscale", &life).lines().last().unwrap(), @r#"
    payment.transaction.succeeded {"transaction":{"id":"tx_1g740000","status":"paid","status_v2":"SUCCEEDED","provider":"efi","providerOrderId":"7978c0c97ea847e78e8849634473c1f1","providerChargeId":"E1234567820260207031600000000001","amountCents":10050,"currency":"BRL","installments":1,"paymentMethodType":"pix","paidAt":"2026-02-07T03:17:30Z","createdAt":"2026-02-07T03:15:30Z","updatedAt":"2026-02-07T03:17:30Z"}}
    "#);
}

// === PagTracker ===

#[test]
fn pagtracker_prints_its_guides_charge_its_payment_and_its_split() {
    let life = pix_with("efi", |wish| wish.metadata = "{}".into())
        .hears(pix_shown())
        .paid("E1234567820260207031600000000001")
        .legs(&[true, true]);
    insta::assert_snapshot!(told("pagtracker", &life), @r#"
    payment.created {"id":"00000018-1c80-8000-8127-f22027e1b1a1","txid":"7978c0c97ea847e78e8849634473c1f1","valor":100.5,"descricao":"Pagamento do Pedido #12345","status":"pendente","qr_code":"00020101021226820014br.gov.bcb.pix2560pix.pagtracker.com.br/qr/v2/9d36b84fc70b478fb95c12729b90ca255204000053039865802BR5910PagTracker6009SAO PAULO62070503***63044CF4","link_pagamento":"https://pix.pagtracker.com.br/abcde","created_at":"2026-02-07T03:15:30Z","expires_at":"2026-02-07T04:15:30Z"}
    payment.confirmed {"id":"00000018-1c80-8000-8127-f22027e1b1a1","txid":"7978c0c97ea847e78e8849634473c1f1","valor":100.5,"descricao":"Pagamento do Pedido #12345","status":"pago","created_at":"2026-02-07T03:15:30Z","paid_at":"2026-02-07T03:17:30Z"}
    split.processed {"payment_id":"00000018-1c80-8000-8127-f22027e1b1a1","split_id":"00000018-1c80-8000-83fc-a7b97a38bd91","valor_total":100.5,"destinatarios":[{"id":"00000018-1c80-8000-8f5d-92c2788991b1","nome":"Destinatário 1","valor":80.4,"status":"processado","txid":"7978c0c97ea847e78e8849634470"},{"id":"00000018-1c80-8000-9598-00fd8ba66a45","nome":"Destinatário 2","valor":20.1,"status":"processado","txid":"7978c0c97ea847e78e8849634471"}],"processed_at":"2026-02-07T03:17:30Z"}
    "#);
}

#[test]
fn pagtracker_tells_who_paid_and_the_merchants_notes_where_they_were_given() {
    let life = pix_with("efi", |wish| {
        let (name, email) = (Some("João Silva".into()), Some("joao@exemplo.com".into()));
        wish.customer = Some(Customer { name, email, ..Customer::default() });
        wish.metadata = r#"{"pedido_id":"12345"}"#.into();
        wish.checkout = Some(CheckoutId::from_i64(789 << 22));
    });
    let life = life.hears(pix_shown()).paid("E1").also(Transition::CheckoutCompleted);
    insta::assert_snapshot!(told("pagtracker", &life), @r#"
    payment.created {"id":"00000018-1c80-8000-8127-f22027e1b1a1","txid":"7978c0c97ea847e78e8849634473c1f1","valor":100.5,"descricao":"Pagamento do Pedido #12345","status":"pendente","qr_code":"00020101021226820014br.gov.bcb.pix2560pix.pagtracker.com.br/qr/v2/9d36b84fc70b478fb95c12729b90ca255204000053039865802BR5910PagTracker6009SAO PAULO62070503***63044CF4","link_pagamento":"https://pix.pagtracker.com.br/abcde","created_at":"2026-02-07T03:15:30Z","expires_at":"2026-02-07T04:15:30Z"}
    payment.confirmed {"id":"00000018-1c80-8000-8127-f22027e1b1a1","txid":"7978c0c97ea847e78e8849634473c1f1","valor":100.5,"descricao":"Pagamento do Pedido #12345","status":"pago","cliente":{"nome":"João Silva","email":"joao@exemplo.com"},"metadata":{"pedido_id":"12345"},"created_at":"2026-02-07T03:15:30Z","paid_at":"2026-02-07T03:17:30Z"}
    checkout.completed {"checkout_id":"00000001-8a80-8000-840f-fb7f4ed2687c","payment_id":"00000018-1c80-8000-8127-f22027e1b1a1","valor":100.5,"status":"pago","completed_at":"2026-02-07T03:17:30Z"}
    "#);
}

#[test]
fn pagtracker_tells_the_rest_in_the_same_manner() {
    insta::assert_snapshot!(told("pagtracker", &pix("efi").hears(pix_shown()).expired()), @r#"
    payment.created {"id":"00000018-1c80-8000-8127-f22027e1b1a1","txid":"7978c0c97ea847e78e8849634473c1f1","valor":100.5,"descricao":"Pagamento do Pedido #12345","status":"pendente","qr_code":"00020101021226820014br.gov.bcb.pix2560pix.pagtracker.com.br/qr/v2/9d36b84fc70b478fb95c12729b90ca255204000053039865802BR5910PagTracker6009SAO PAULO62070503***63044CF4","link_pagamento":"https://pix.pagtracker.com.br/abcde","created_at":"2026-02-07T03:15:30Z","expires_at":"2026-02-07T04:15:30Z"}
    payment.expired {"id":"00000018-1c80-8000-8127-f22027e1b1a1","txid":"7978c0c97ea847e78e8849634473c1f1","valor":100.5,"descricao":"Pagamento do Pedido #12345","status":"expirado","metadata":{"order_id":"12345"},"created_at":"2026-02-07T03:15:30Z","expires_at":"2026-02-07T04:15:30Z"}
    "#);
    let canceled = pix("efi").hears(pix_shown()).hears(News::Canceled);
    insta::assert_snapshot!(told("pagtracker", &canceled), @r#"
    payment.created {"id":"00000018-1c80-8000-8127-f22027e1b1a1","txid":"7978c0c97ea847e78e8849634473c1f1","valor":100.5,"descricao":"Pagamento do Pedido #12345","status":"pendente","qr_code":"00020101021226820014br.gov.bcb.pix2560pix.pagtracker.com.br/qr/v2/9d36b84fc70b478fb95c12729b90ca255204000053039865802BR5910PagTracker6009SAO PAULO62070503***63044CF4","link_pagamento":"https://pix.pagtracker.com.br/abcde","created_at":"2026-02-07T03:15:30Z","expires_at":"2026-02-07T04:15:30Z"}
    payment.canceled {"id":"00000018-1c80-8000-8127-f22027e1b1a1","txid":"7978c0c97ea847e78e8849634473c1f1","valor":100.5,"descricao":"Pagamento do Pedido #12345","status":"cancelado","metadata":{"order_id":"12345"},"created_at":"2026-02-07T03:15:30Z","canceled_at":"2026-02-07T03:17:30Z"}
    "#);
    let refunded = pix("efi").hears(pix_shown()).paid("E1").legs(&[false, true]).refunded(1_050);
    insta::assert_snapshot!(told("pagtracker", &refunded), @r#"
    payment.created {"id":"00000018-1c80-8000-8127-f22027e1b1a1","txid":"7978c0c97ea847e78e8849634473c1f1","valor":100.5,"descricao":"Pagamento do Pedido #12345","status":"pendente","qr_code":"00020101021226820014br.gov.bcb.pix2560pix.pagtracker.com.br/qr/v2/9d36b84fc70b478fb95c12729b90ca255204000053039865802BR5910PagTracker6009SAO PAULO62070503***63044CF4","link_pagamento":"https://pix.pagtracker.com.br/abcde","created_at":"2026-02-07T03:15:30Z","expires_at":"2026-02-07T04:15:30Z"}
    payment.confirmed {"id":"00000018-1c80-8000-8127-f22027e1b1a1","txid":"7978c0c97ea847e78e8849634473c1f1","valor":100.5,"descricao":"Pagamento do Pedido #12345","status":"pago","metadata":{"order_id":"12345"},"created_at":"2026-02-07T03:15:30Z","paid_at":"2026-02-07T03:17:30Z"}
    split.failed {"payment_id":"00000018-1c80-8000-8127-f22027e1b1a1","split_id":"00000018-1c80-8000-83fc-a7b97a38bd91","valor_total":100.5,"destinatarios":[{"id":"00000018-1c80-8000-8f5d-92c2788991b1","nome":"Destinatário 1","valor":80.4,"status":"falhou"},{"id":"00000018-1c80-8000-9598-00fd8ba66a45","nome":"Destinatário 2","valor":20.1,"status":"processado","txid":"7978c0c97ea847e78e8849634471"}],"processed_at":"2026-02-07T03:17:30Z"}
    payment.refunded {"id":"00000018-1c80-8000-8127-f22027e1b1a1","txid":"7978c0c97ea847e78e8849634473c1f1","valor":100.5,"valor_reembolsado":10.5,"descricao":"Pagamento do Pedido #12345","status":"reembolsado","metadata":{"order_id":"12345"},"created_at":"2026-02-07T03:15:30Z","paid_at":"2026-02-07T03:17:30Z","refunded_at":"2026-02-07T04:17:30Z"}
    "#);
}

#[test]
fn pagtracker_tells_of_a_checkout_that_was_left() {
    let cart = lives::cart();
    let facts = Facts { subject: Subject::Cart(&cart), merchant: "mer_1", payment_link: None };
    let lines = lines_of(contract("pagtracker"), Transition::CheckoutAbandoned, &facts);
    insta::assert_snapshot!(lines.join("\n"), @r#"
    checkout.abandoned {"checkout_id":"00000001-8a80-8000-840f-fb7f4ed2687c","valor":100.5,"status":"pendente","abandoned_at":"2026-02-07T03:45:30Z"}
    "#);
}
