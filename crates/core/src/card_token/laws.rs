//! What holds of a card token, whatever happens to it.

use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_305_600 + second).unwrap()
}

fn payment(number: i64) -> PaymentId {
    PaymentId::from_i64(number << 10)
}

fn made() -> CardToken {
    let card = CardFacts {
        brand: "visa".into(),
        bin: "424242".into(),
        last4: "4242".into(),
        exp_month: 12,
        exp_year: 2025,
    };
    let sealed = Sealed { key: [9; 4], bytes: b"sealed".to_vec() };
    let place = (MerchantId::from_i64(1), Mode::Test);
    CardToken::new(CardTokenId::from_i64(7), place, (card, sealed), at(0))
}

/// As a record has it.
fn body(token: &CardToken) -> String {
    serde_json::to_string(token).unwrap()
}

#[test]
fn it_pays_once_and_its_number_goes_with_it() {
    assert!(body(&made()).contains(r#""number":"CQkJCXNlYWxlZA==""#), "{}", body(&made()));
    let spent = made().spend(payment(1), at(60)).unwrap();
    assert_eq!((spent.payment(), spent.wake()), (Some(payment(1)), None));
    assert!(!body(&spent).contains("number"), "{}", body(&spent));
    assert_eq!(spent.clone().spend(payment(2), at(61)), Err(Refused::Used));
    assert_eq!(spent.clone().expire(at(10_000)), spent, "what has paid does not expire");
}

#[test]
fn it_lasts_for_a_quarter_of_an_hour_whether_somebody_looks_or_not() {
    assert!(made().spend(payment(1), at(899)).is_ok());
    assert_eq!(made().spend(payment(1), at(900)), Err(Refused::Expired));
    assert_eq!((made().wake(), made().expire(at(899))), (Some(at(900)), made()));
    let over = made().expire(at(900));
    assert_eq!((&over.state, over.wake()), (&State::Expired, Some(at(900 + 3_600))));
    assert!(!over.is_forgotten(at(4_499)) && over.is_forgotten(at(4_500)));
    assert!(!made().is_forgotten(at(4_500)), "its number is erased first");
    assert!(!body(&over).contains("number"), "{}", body(&over));
    assert_eq!(over.spend(payment(1), at(901)), Err(Refused::Expired));
}

#[test]
fn a_seal_that_names_no_key_is_no_seal() {
    let body = body(&made()).replace("CQkJCXNlYWxlZA==", "CQkJ");
    assert!(serde_json::from_str::<CardToken>(&body).is_err());
}

proptest! {
    #[test]
    fn whatever_happens_it_pays_at_most_once_and_has_a_number_only_while_it_may(
        deeds in prop::collection::vec((0_i64..600, prop::option::of(1_i64..4)), 1..20),
    ) {
        let (mut token, mut now, mut paid) = (made(), 0, 0);
        for (wait, deed) in deeds {
            now += wait;
            let before = token.clone();
            let after = match deed {
                Some(by) => before.clone().spend(payment(by), at(now)),
                None => Ok(before.clone().expire(at(now))),
            };
            paid += usize::from(deed.is_some() && after.is_ok());
            prop_assert!(deed.is_none() || after.is_err() || now < 900);
            token = after.unwrap_or(before);
            let ready = matches!(token.state, State::Ready { .. });
            prop_assert_eq!(body(&token).contains("number"), ready);
            prop_assert_eq!(token.payment().is_some(), paid == 1);
            prop_assert_eq!(&serde_json::from_str::<CardToken>(&body(&token)).unwrap(), &token);
            // Whoever wakes it finds something to do: to erase its number, and then to forget it.
            if let Some(wake) = token.wake() {
                let woken = token.clone().expire(wake);
                prop_assert!(woken.is_forgotten(wake) || woken.wake() > Some(wake));
            }
        }
        prop_assert!(paid <= 1);
        let last = token.expire(at(20_000));
        prop_assert_eq!(last.is_forgotten(at(20_000)), paid == 0);
    }
}
