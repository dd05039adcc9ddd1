//! What holds of an order, whatever happens to it.

use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_305_600 + second).unwrap()
}

fn item(quantity: u32, price: i64) -> OrderItem {
    OrderItem { product: "9b2d".into(), name: None, quantity, price }
}

fn opened() -> Order {
    let place = (MerchantId::from_i64(1), Mode::Test);
    let items = vec![item(1, 29_990)];
    let money = total(&items, Asset::BRL).unwrap();
    let wish = Wish { items, metadata: "{}".into(), ..Wish::default() };
    let step = Order::open(OrderId::from_i64(7 << 10), place, money, wish, at(0));
    assert_eq!(step.told, [Transition::OrderCreated]);
    step.after
}

fn payment(number: i64) -> PaymentId {
    PaymentId::from_i64(number << 10)
}

fn shipment() -> Shipment {
    Shipment { carrier: Some("Correios".into()), tracking_code: Some("BR123456789BR".into()) }
}

#[test]
fn an_order_is_paid_shipped_and_delivered_each_told_once() {
    let order = opened().pay(payment(1), at(1)).unwrap().paid(payment(1), at(2));
    assert_eq!(
        (order.state, order.paid, order.payment),
        (State::Paid, Some(at(2)), Some(payment(1)))
    );
    let shipped = order.ship(shipment(), at(3)).unwrap();
    assert_eq!(shipped.told, [Transition::OrderShipped]);
    let again = shipped.after.clone().ship(shipment(), at(4)).unwrap();
    assert_eq!((again.told, &again.after), (vec![], &shipped.after));
    let other = shipped.after.clone().ship(Shipment::default(), at(4));
    assert!(matches!(other, Err(Refused::NotNow { state: State::Shipped, .. })));
    let delivered = shipped.after.deliver(at(5)).unwrap();
    assert_eq!(delivered.told, [Transition::OrderDelivered]);
    assert_eq!(delivered.after.clone().deliver(at(6)).unwrap().told, []);
    assert!(delivered.after.cancel(None, at(7)).is_err());
}

#[test]
fn what_was_called_off_cannot_be_paid_for_but_money_that_comes_late_pays_it() {
    let canceled = opened().cancel(Some("changed their mind".into()), at(1)).unwrap();
    assert_eq!(canceled.told, [Transition::OrderCanceled]);
    let canceled = canceled.after;
    assert!(matches!(
        canceled.clone().pay(payment(1), at(2)),
        Err(Refused::NotNow { state: State::Canceled, .. })
    ));
    assert!(canceled.clone().ship(shipment(), at(2)).is_err());
    let paid = canceled.paid(payment(1), at(3));
    assert_eq!((paid.state, &paid.reason, paid.canceled), (State::Paid, &None, None));
    assert_eq!(paid.cancel(None, at(4)).unwrap().told, [Transition::OrderCanceled]);
}

#[test]
fn what_is_bought_changes_until_a_payment_was_made_for_it() {
    let order = opened();
    let wish = Wish { items: vec![item(2, 100)], ..order.wish.clone() };
    let money = total(&wish.items, Asset::BRL).unwrap();
    let changed = order.clone().edit(wish.clone(), money, at(1)).unwrap();
    assert_eq!((changed.money.minor, changed.updated), (200, at(1)));
    let priced = order.pay(payment(1), at(1)).unwrap();
    assert_eq!(
        priced.clone().edit(wish, money, at(2)),
        Err(Refused::Priced { payment: payment(1) })
    );
    let notes = Wish { description: Some("a gift".into()), ..priced.wish.clone() };
    let money = priced.money;
    assert!(priced.edit(notes, money, at(2)).is_ok());
}

#[test]
fn items_are_added_up_without_an_overflow() {
    assert_eq!(total(&[], Asset::BRL), Err(BadItems::Count));
    assert_eq!(total(&vec![item(1, 1); ITEMS_MAX + 1], Asset::BRL), Err(BadItems::Count));
    assert_eq!(total(&[item(0, 1)], Asset::BRL), Err(BadItems::Quantity));
    assert_eq!(total(&[item(QUANTITY_MAX, AMOUNT_MAX)], Asset::BRL), Err(BadItems::TooMuch));
    let many = vec![item(QUANTITY_MAX, i64::MAX); ITEMS_MAX];
    assert_eq!(total(&many, Asset::BRL), Err(BadItems::TooMuch));
    assert_eq!(total(&[item(1, 0)], Asset::BRL), Err(BadItems::Nothing));
    assert_eq!(total(&[item(3, 1_050), item(1, 0)], Asset::BRL).map(|sum| sum.minor), Ok(3_150));
}

#[derive(Debug, Clone)]
enum Deed {
    Pay(i64),
    Paid(i64),
    Ship,
    Deliver,
    Cancel,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        (1_i64..4).prop_map(Deed::Pay),
        (1_i64..4).prop_map(Deed::Paid),
        Just(Deed::Ship),
        Just(Deed::Deliver),
        Just(Deed::Cancel),
    ];
    prop::collection::vec(deed, 1..40)
}

fn done(order: Order, deed: &Deed, now: Timestamp) -> Result<Step<Order>, Refused> {
    match deed {
        Deed::Pay(number) => order.pay(payment(*number), now).map(Step::still),
        Deed::Paid(number) => Ok(Step::still(order.paid(payment(*number), now))),
        Deed::Ship => order.ship(shipment(), now),
        Deed::Deliver => order.deliver(now),
        Deed::Cancel => order.cancel(None, now),
    }
}

fn may_follow(before: State, after: State) -> bool {
    match (before, after) {
        (State::Created, State::Paid | State::Canceled)
        | (State::Paid, State::Shipped | State::Canceled)
        | (State::Shipped, State::Delivered)
        // Money that comes late.
        | (State::Canceled, State::Paid) => true,
        (before, after) => before == after,
    }
}

proptest! {
    #[test]
    fn only_what_was_paid_is_sent_and_each_change_is_told_once(deeds in deeds()) {
        let mut order = opened();
        for (second, deed) in (1..).zip(&deeds) {
            let before = order.clone();
            let Ok(step) = done(order.clone(), deed, at(second)) else { continue };
            let (from, to) = (before.state, step.after.state);
            prop_assert!(may_follow(from, to), "{from:?} {deed:?} {to:?}");
            let told = match to {
                State::Canceled if from != to => vec![Transition::OrderCanceled],
                State::Shipped if from != to => vec![Transition::OrderShipped],
                State::Delivered if from != to => vec![Transition::OrderDelivered],
                // A payment tells that it was paid.
                State::Created | State::Paid | State::Shipped | State::Delivered | State::Canceled => vec![],
            };
            prop_assert_eq!(step.told, told);
            let sent = matches!(to, State::Shipped | State::Delivered);
            prop_assert!(!sent || step.after.paid.is_some());
            prop_assert_eq!(step.after.money, before.money);
            order = step.after;
        }
        let stored: Order = serde_json::from_str(&serde_json::to_string(&order).unwrap()).unwrap();
        prop_assert_eq!(stored, order);
    }
}
