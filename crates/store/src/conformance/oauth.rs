//! Applications, grants and tokens.

use posthorn_core::event::Mode;
use posthorn_core::id::{ApplicationId, LoginId, MerchantId};
use posthorn_core::oauth::{
    APPLICATIONS_MAX, ClientKind, LOGINS_MAX, RedirectUri, Scopes, TokenKind,
};

use super::World;
use super::world::{at, done, once, refused};
use crate::{Family, NewApplication, NewLogin, NewToken, Page, Redeemed, Store, StoreError, Token};

const READ: Scopes = Scopes { read: true, write: false };
const ALL: Page<ApplicationId> = Page { after: None, limit: 1000 };

fn named(place: (MerchantId, Mode), client: &str) -> NewApplication {
    NewApplication {
        place,
        client: client.into(),
        name: "Loja à vista".into(),
        kind: ClientKind::Confidential,
        redirects: vec![RedirectUri::from_record("https://shop.example/back".into())],
        hint: Some("cs_test_…abcd".into()),
        secret: Some([9; 32]),
        created: at(0),
    }
}

fn new(kind: TokenKind, hash: u8) -> NewToken {
    let (expires, forget) = (at(60), at(120));
    NewToken { hash: [hash; 32], kind, scopes: READ, expires, forget, bound: None }
}

/// A grant by a new user to a new application, with its first tokens: access 1 and refresh 2.
fn granted(world: &World) -> Family {
    a_grant(world, world.merchant())
}

/// A merchant's user, and what it let an application do.
pub(super) fn a_grant(world: &World, merchant: MerchantId) -> Family {
    let (place, store) = ((merchant, Mode::Test), world.store());
    let application = done(store.create_application(named(place, "c"), None)).get();
    let user = done(store.create_login(login(place, "ana@loja.example"), None)).get();
    let subject = Some(user.as_i64());
    let family = Family { id: [7; 16], application, place, subject, scopes: Scopes::ALL };
    let first = vec![new(TokenKind::Access, 1), new(TokenKind::Refresh, 2)];
    assert!(done(store.issue(family, first, at(0))));
    family
}

/// All that can be read of applications and users.
pub(super) fn everything(store: &dyn Store, place: (MerchantId, Mode)) -> Vec<String> {
    let logins = done(store.logins(place, Page { after: None, limit: 100 }));
    let logins = logins.iter().map(|one| format!("{} {} {:?}", one.id, one.email, one.password));
    let mut all: Vec<_> = logins.collect();
    all.extend(done(store.applications(place, ALL)).iter().map(|one| format!("{one:?}")));
    for hash in [[1; 32], [2; 32]] {
        all.push(format!("{:?}", done(store.token(hash))));
    }
    all
}

fn found(world: &World, hash: u8) -> Token {
    done(world.store().token([hash; 32])).expect("the token is there")
}

fn pair(access: u8, refresh: u8) -> Vec<NewToken> {
    vec![new(TokenKind::Access, access), new(TokenKind::Refresh, refresh)]
}

pub fn a_merchant_has_so_many_applications_and_no_more(world: &World) {
    let (merchant, store) = (world.merchant(), world.store());
    let place = (merchant, Mode::Test);
    let key = Some(once(1, 1));
    let first = done(store.create_application(named(place, "c0"), key)).get();
    let again = done(store.create_application(named(place, "other"), key));
    assert!(again.is_before() && again.get() == first, "the key had made one");
    let whole = done(store.application_by_client("c0".into())).expect("it is there");
    assert_eq!(Some(&whole), done(store.application(first)).as_ref());
    let told = (whole.id, whole.merchant, whole.mode, whole.name.as_str(), whole.kind);
    assert_eq!(told, (first, merchant, Mode::Test, "Loja à vista", ClientKind::Confidential));
    assert_eq!(whole.redirects, named(place, "c0").redirects);
    assert_eq!((whole.secret, whole.hint.as_deref()), (Some([9; 32]), Some("cs_test_…abcd")));
    for nth in 1..APPLICATIONS_MAX {
        done(store.create_application(named(place, &format!("c{nth}")), None));
    }
    let full = StoreError::TooMany { max: APPLICATIONS_MAX };
    assert_eq!(refused(store.create_application(named(place, "more"), None)), full);
    done(store.create_application(named((merchant, Mode::Live), "live"), None));
    let nobody = (MerchantId::from_i64(99), Mode::Test);
    let missing = StoreError::Missing { what: "merchant" };
    assert_eq!(refused(store.create_application(named(nobody, "nobody"), None)), missing);
}

pub fn what_is_deleted_is_not_listed_and_ends_what_it_was_granted(world: &World) {
    let family = granted(world);
    let (store, place, id) = (world.store(), family.place, family.application);
    let second = done(store.create_application(named(place, "d"), None)).get();
    let ids = |page| -> Vec<_> {
        done(store.applications(place, page)).iter().map(|one| one.id).collect()
    };
    assert_eq!(ids(ALL), [id, second]);
    assert_eq!(ids(Page { after: Some(id), limit: 1 }), [second]);
    assert!(!found(world, 1).over);
    assert!(!done(store.delete_application((place.0, Mode::Live), id, at(1))), "another mode");
    assert!(done(store.delete_application(place, id, at(1))));
    assert!(!done(store.delete_application(place, id, at(2))), "it is deleted");
    assert_eq!(ids(ALL), [second]);
    assert!(found(world, 1).over && found(world, 2).over);
    let kept = done(store.application(id)).expect("it is on record");
    assert_eq!(kept.deleted, Some(at(1)));
}

pub fn a_token_comes_back_as_it_was_written(world: &World) {
    let family = granted(world);
    let code = NewToken { bound: Some("{\"a\":1}".into()), ..new(TokenKind::Code, 3) };
    assert_eq!(done(world.store().redeem([2; 32], at(1), vec![code])), Redeemed::Now);
    let expected = Token {
        kind: TokenKind::Code,
        family: Family { scopes: READ, ..family },
        expires: at(60),
        spent: None,
        over: false,
        bound: Some("{\"a\":1}".into()),
    };
    assert_eq!(found(world, 3), expected);
    assert!(done(world.store().token([8; 32])).is_none());
}

pub fn a_token_is_spent_once_and_a_second_time_ends_its_grant(world: &World) {
    granted(world);
    assert_eq!(done(world.store().redeem([2; 32], at(1), pair(3, 4))), Redeemed::Now);
    assert_eq!(found(world, 2).spent, Some(at(1)));
    assert!(!found(world, 3).over && found(world, 4).spent.is_none());
    assert_eq!(done(world.store().redeem([2; 32], at(2), pair(5, 6))), Redeemed::Again);
    for hash in 1..=4 {
        assert!(found(world, hash).over, "{hash}");
    }
    assert!(done(world.store().token([5; 32])).is_none(), "nothing was given");
    assert_eq!(done(world.store().redeem([4; 32], at(3), pair(7, 8))), Redeemed::Gone);
    assert!(done(world.store().token([7; 32])).is_none(), "nothing was given");
}

pub fn a_redemption_whose_answer_was_lost_is_told_again_and_done(world: &World) {
    let family = granted(world);
    for _ in 0..2 {
        assert_eq!(done(world.store().redeem([2; 32], at(1), pair(3, 4))), Redeemed::Now);
        assert!(!found(world, 4).over);
    }
    for _ in 0..2 {
        let other = Family { id: [8; 16], ..family };
        assert!(done(world.store().issue(other, vec![new(TokenKind::Access, 9)], at(0))));
    }
    assert_eq!(found(world, 9).family.id, [8; 16]);
}

pub fn nothing_is_given_for_a_grant_that_is_over(world: &World) {
    granted(world);
    assert!(done(world.store().revoke_token([1; 32], true, at(1))));
    assert_eq!(done(world.store().redeem([2; 32], at(2), pair(3, 4))), Redeemed::Gone);
    assert!(done(world.store().token([3; 32])).is_none());
    assert_eq!(done(world.store().redeem([99; 32], at(2), pair(3, 4))), Redeemed::Gone);
}

pub fn one_token_ends_alone_and_its_grant_with_all_of_them(world: &World) {
    granted(world);
    assert!(done(world.store().revoke_token([1; 32], false, at(1))));
    assert!(!done(world.store().revoke_token([1; 32], false, at(2))), "it had ended");
    assert_eq!(found(world, 1).spent, Some(at(1)));
    assert!(found(world, 2).spent.is_none() && !found(world, 2).over);
    assert!(done(world.store().revoke_token([2; 32], true, at(3))));
    assert!(!done(world.store().revoke_token([2; 32], true, at(4))), "it had ended");
    assert!(found(world, 1).over && found(world, 2).over);
    assert!(!done(world.store().revoke_token([99; 32], true, at(4))), "there is none");
}

pub fn what_cannot_be_good_any_more_is_forgotten(world: &World) {
    granted(world);
    let later = NewToken { forget: at(300), ..new(TokenKind::Access, 3) };
    assert_eq!(done(world.store().redeem([2; 32], at(1), vec![later])), Redeemed::Now);
    assert_eq!(done(world.store().forget_tokens(at(120), 10)), 0, "not before its time");
    assert_eq!(done(world.store().forget_tokens(at(121), 1)), 1, "no more than asked");
    assert_eq!(done(world.store().forget_tokens(at(121), 10)), 1);
    assert!(done(world.store().token([1; 32])).is_none());
    assert!(!found(world, 3).over, "its grant is kept as long as it is");
    assert_eq!(done(world.store().forget_tokens(at(301), 10)), 1);
    assert!(done(world.store().token([3; 32])).is_none());
}

fn login(place: (MerchantId, Mode), email: &str) -> NewLogin {
    NewLogin { place, email: email.into(), password: vec![1, 2, 3], created: at(0) }
}

pub fn an_address_belongs_to_one_user_of_an_account_and_mode(world: &World) {
    let (one, other, store) = (world.merchant(), world.merchant(), world.store());
    let place = (one, Mode::Test);
    let key = Some(once(2, 2));
    let id = done(store.create_login(login(place, "ana@a.example"), key)).get();
    assert!(done(store.create_login(login(place, "ana@a.example"), key)).is_before());
    let again = refused(store.create_login(login(place, "ana@a.example"), None));
    assert_eq!(again, StoreError::Taken { what: "email" });
    let second = login((other, Mode::Test), "ana@a.example");
    let second = done(store.create_login(second, None)).get();
    done(store.create_login(login((other, Mode::Live), "ana@a.example"), None));
    let found = |limit| -> Vec<_> {
        let found = done(store.logins_by_email(Mode::Test, "ana@a.example".into(), limit));
        found.iter().map(|one| (one.id, one.merchant)).collect()
    };
    assert_eq!(found(10), [(id, one), (second, other)]);
    assert_eq!(found(1), [(id, one)], "no more than asked");
    assert_eq!(done(store.logins_by_email(Mode::Test, "eva@a.example".into(), 10)).len(), 0);
    let page = Page { after: None, limit: 10 };
    let listed = done(store.logins(place, page));
    let told: Vec<_> = listed.iter().map(|one| (one.id, one.email.as_str())).collect();
    assert_eq!(told, [(id, "ana@a.example")]);
    let kept = listed.first().map(|one| (one.password.clone(), one.created));
    assert_eq!(kept, Some((vec![1, 2, 3], at(0))));
    assert!(done(store.logins(place, Page { after: Some(id), limit: 10 })).is_empty());
}

pub fn an_account_has_so_many_users_and_no_more(world: &World) {
    let (merchant, store) = (world.merchant(), world.store());
    let place = (merchant, Mode::Test);
    for nth in 0..LOGINS_MAX {
        done(store.create_login(login(place, &format!("u{nth}@a.example")), None));
    }
    let more = refused(store.create_login(login(place, "more@a.example"), None));
    assert_eq!(more, StoreError::TooMany { max: LOGINS_MAX });
    done(store.create_login(login((merchant, Mode::Live), "more@a.example"), None));
}

pub fn what_a_deleted_user_let_happen_ends_and_it_lets_nothing_more_happen(world: &World) {
    let family = granted(world);
    let store = world.store();
    let id = LoginId::from_i64(family.subject.unwrap_or_default());
    assert!(!done(store.delete_login((family.place.0, Mode::Live), id, at(1))), "another mode");
    assert!(!found(world, 1).over);
    assert!(done(store.delete_login(family.place, id, at(1))));
    assert!(!done(store.delete_login(family.place, id, at(2))), "it is deleted");
    assert!(found(world, 1).over && found(world, 2).over);
    let late = Family { id: [8; 16], ..family };
    assert!(
        !done(store.issue(late, vec![new(TokenKind::Code, 3)], at(0))),
        "it had been asked before"
    );
    assert!(done(store.token([3; 32])).is_none());
}

pub fn a_password_is_set_for_the_one_that_was_there_and_for_no_other(world: &World) {
    let store = world.store();
    let id = done(store.create_login(login((world.merchant(), Mode::Test), "ana@a.example"), None));
    let id = id.get();
    let is = |id| done(store.login(id)).map(|login| login.password);
    let was = is(id).expect("it is there");
    let set = |was: &[u8], to: &[u8]| done(store.set_login_password(id, was.into(), to.into()));
    assert!(!set(b"another", b"new"), "it has another");
    assert_eq!(is(id).as_deref(), Some(&was[..]));
    assert!(set(&was, b"new") && set(&was, b"new"), "the answer to the first was lost");
    assert_eq!(is(id).as_deref(), Some(&b"new"[..]));
    assert!(!set(&was, b"newer"), "it was changed");
    let nobody = LoginId::from_i64(id.as_i64() + 1);
    assert_eq!(is(nobody), None);
    assert!(!done(store.set_login_password(nobody, was.clone(), was)));
}

pub fn what_a_user_lets_applications_do_is_told_by_application_and_ends_at_a_word(world: &World) {
    let family = granted(world);
    let (store, all) = (world.store(), Page { after: None, limit: 10 });
    let user = LoginId::from_i64(family.subject.unwrap_or_default());
    let other = done(store.create_application(named(family.place, "d"), None)).get();
    let more = Family { id: [8; 16], scopes: READ, ..family };
    assert!(done(store.issue(more, vec![new(TokenKind::Refresh, 3)], at(-5))));
    let write = Scopes { read: false, write: true };
    let second = Family { id: [9; 16], application: other, scopes: write, ..family };
    assert!(done(store.issue(second, vec![new(TokenKind::Refresh, 4)], at(7))));
    let alone = Family { id: [10; 16], subject: None, ..family };
    assert!(done(store.issue(alone, vec![new(TokenKind::Access, 5)], at(7))));
    let told = |page| {
        let found = done(store.let_in_by(user, at(100), page)).into_iter();
        found.map(|one| (one.application, one.client, one.of, one.scopes, one.since)).collect()
    };
    let first = (family.application, "c".to_owned(), family.place.0, Scopes::ALL, at(-5));
    let then = (other, "d".to_owned(), family.place.0, write, at(7));
    let both: Vec<_> = told(all);
    assert_eq!(both, [first.clone(), then.clone()], "its own two as one, and nobody's");
    let paged: Vec<Vec<_>> =
        vec![told(Page { after: None, limit: 1 }), told(Page { after: Some(first.0), limit: 1 })];
    assert_eq!(paged, [vec![first], vec![then.clone()]]);
    assert!(done(store.shut_out(user, family.application, at(8))));
    assert!(!done(store.shut_out(user, family.application, at(9))), "it was ended");
    assert!(found(world, 1).over && found(world, 3).over && !found(world, 4).over);
    assert!(!found(world, 5).over, "what it does for itself is no user's");
    assert_eq!(told(all), vec![then]);
    assert!(done(store.let_in_by(user, at(121), all)).is_empty(), "its tokens are long over");
    assert!(done(store.delete_application(family.place, other, at(10))));
    assert!(done(store.let_in_by(user, at(100), all)).is_empty(), "it is deleted");
}

pub fn a_deleted_application_is_forgotten_when_that_is_long_ago(world: &World) {
    let family = granted(world);
    let (store, id) = (world.store(), family.application);
    let second = done(store.create_application(named(family.place, "d"), None)).get();
    assert!(done(store.delete_application(family.place, id, at(10))));
    assert!(done(store.delete_application(family.place, second, at(11))));
    assert_eq!(done(store.forget_applications(at(10), 10)), 0, "not before its time");
    assert_eq!(done(store.forget_applications(at(12), 1)), 1, "no more than asked");
    assert!(done(store.application(id)).is_none() && done(store.application(second)).is_some());
    assert_eq!(done(store.forget_applications(at(12), 10)), 1);
    assert!(done(store.token([1; 32])).is_none(), "nothing that it was granted is good");
}
