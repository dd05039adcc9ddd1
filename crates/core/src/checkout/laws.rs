//! What holds of a checkout, whatever happens to it.

use proptest::prelude::*;

use super::*;
use crate::money::Asset;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_305_600 + second).unwrap()
}

/// Left alone for 30 minutes it is abandoned; a day is its time.
fn opened() -> Checkout {
    let place = (MerchantId::from_i64(1), Mode::Test);
    let waits = Waits {
        abandoned_after: Some(SignedDuration::from_mins(30)),
        expires_after: Some(SignedDuration::from_hours(24)),
        announces: false,
    };
    let money = Money { minor: 10_000, asset: Asset::BRL };
    Checkout::open(CheckoutId::from_i64(7), place, money, (Wish::default(), waits), at(0))
}

fn payment(number: i64) -> PaymentId {
    PaymentId::from_i64(number << 10)
}

#[test]
fn what_nobody_touches_is_abandoned_once_and_may_be_paid_until_it_expires() {
    let checkout = opened();
    assert_eq!(checkout.wake(), Some(at(1_800)));
    assert_eq!(checkout.clone().lapse(at(1_799)).told, []);
    let left = checkout.lapse(at(1_800));
    assert_eq!(left.told, [Transition::CheckoutAbandoned]);
    assert_eq!((left.after.state, left.after.ended), (State::Abandoned, Some(at(1_800))));
    assert_eq!(left.after.wake(), None);
    let late = left.after.clone().pay(payment(1), at(86_400));
    assert_eq!(late, Err(Refused::Over { state: State::Expired }));
    let back = left.after.pay(payment(1), at(86_399)).unwrap();
    assert_eq!(back.paid(payment(1), at(86_500)).told, [Transition::CheckoutCompleted]);
}

#[test]
fn a_payment_that_may_move_money_keeps_it_open_and_keeps_others_out() {
    let paying = opened().pay(payment(1), at(60)).unwrap();
    assert_eq!(paying.wake(), None);
    let refused = Refused::Paying { payment: payment(1) };
    assert_eq!(paying.clone().pay(payment(2), at(61)), Err(refused));
    assert_eq!(paying.clone().cancel(at(61)), Err(refused));
    assert_eq!(paying.clone().unpaid(payment(2), at(61)), paying, "that was another's");
    let failed = paying.unpaid(payment(1), at(120));
    assert_eq!(failed.wake(), Some(at(120 + 1_800)), "the wait begins anew");
    assert!(failed.pay(payment(2), at(121)).is_ok());
}

#[test]
fn it_is_paid_once_and_money_that_comes_late_completes_it_all_the_same() {
    let canceled = opened().cancel(at(1)).unwrap();
    assert_eq!(canceled.clone().cancel(at(2)), Ok(canceled.clone()));
    let over = Refused::Over { state: State::Canceled };
    assert_eq!(canceled.clone().pay(payment(1), at(2)), Err(over));
    let paid = canceled.paid(payment(1), at(3));
    assert_eq!(paid.told, [Transition::CheckoutCompleted]);
    assert_eq!(paid.after.clone().paid(payment(2), at(4)).told, []);
    assert_eq!(paid.after.clone().pay(payment(2), at(4)), Err(Refused::Paid));
    assert_eq!(paid.after.cancel(at(4)), Err(Refused::Paid));
}

#[test]
fn whoever_keeps_filling_it_in_is_not_told_of_until_its_day_is_over() {
    let mut checkout = opened();
    for hour in 0..48 {
        checkout = checkout.fill(Payer::default(), at(hour * 1_790)).unwrap();
    }
    assert_eq!(checkout.wake(), Some(at(47 * 1_790 + 1_800)));
    let last = checkout.fill(Payer::default(), at(86_000)).unwrap().lapse(at(86_400));
    assert_eq!((last.after.state, last.told), (State::Expired, vec![]));
}

#[derive(Debug, Clone)]
enum Deed {
    Pay(i64),
    Paid(i64),
    Unpaid(i64),
    Fill,
    Cancel,
    Lapse,
}

fn deeds() -> impl Strategy<Value = Vec<(i64, Deed)>> {
    let deed = prop_oneof![
        (1_i64..4).prop_map(Deed::Pay),
        (1_i64..4).prop_map(Deed::Paid),
        (1_i64..4).prop_map(Deed::Unpaid),
        Just(Deed::Fill),
        Just(Deed::Cancel),
        Just(Deed::Lapse),
    ];
    prop::collection::vec((0_i64..3_000, deed), 1..40)
}

proptest! {
    #[test]
    fn whatever_happens_it_is_told_of_once_and_never_left_while_it_is_paid(deeds in deeds()) {
        let (mut checkout, mut now, mut told) = (opened(), 0, Vec::new());
        for (wait, deed) in deeds {
            now += wait;
            let before = checkout.clone();
            let still = |checkout: Checkout| Step::still(checkout);
            let step = match deed {
                Deed::Pay(by) => checkout.pay(payment(by), at(now)).map(still),
                Deed::Paid(by) => Ok(checkout.paid(payment(by), at(now))),
                Deed::Unpaid(by) => Ok(still(checkout.unpaid(payment(by), at(now)))),
                Deed::Fill => checkout.fill(Payer::default(), at(now)).map(still),
                Deed::Cancel => checkout.cancel(at(now)).map(still),
                Deed::Lapse => Ok(checkout.lapse(at(now))),
            };
            let step = step.unwrap_or_else(|_| Step::still(before.clone()));
            if before.state == State::Completed {
                prop_assert_eq!(&step.after, &before);
            }
            if before.paying && step.after.state != before.state {
                prop_assert_eq!(step.after.state, State::Completed);
            }
            // Whoever wakes it finds something to do, so that nothing keeps a loop busy.
            if let Some(wake) = step.after.wake() {
                prop_assert_ne!(step.after.clone().lapse(wake).after.wake(), Some(wake));
            }
            told.extend(step.told);
            checkout = step.after;
        }
        let count = |one| told.iter().filter(|other| **other == one).count();
        prop_assert!(count(Transition::CheckoutAbandoned) <= 1);
        let completed = usize::from(checkout.state == State::Completed);
        prop_assert_eq!(count(Transition::CheckoutCompleted), completed);
    }
}
