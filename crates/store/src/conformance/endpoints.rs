//! Endpoints, the versions of their settings, their secrets and their status.

use futures::executor::block_on;
use futures::future::join_all;
use posthorn_core::endpoint::{DisabledWhy, ENDPOINTS_MAX, SIGNING_SECRETS_MAX, Status};
use posthorn_core::event::Mode;
use posthorn_core::id::{EndpointId, MerchantId};

use super::World;
use super::world::{at, done, due, new_accept, new_endpoint, once, refused, sealed, settings};
use crate::{Done, NewSecret, StoreError};

pub fn an_endpoint_comes_back_as_it_was_written(world: &World) {
    let merchant = world.merchant();
    let new = new_endpoint(merchant, Mode::Live);
    let id = done(world.store().create_endpoint(new.clone(), None)).get();
    let found = world.find_endpoint(id);
    assert_eq!((found.merchant, found.mode, found.version), (merchant, Mode::Live, 1));
    assert_eq!(found.settings, new.settings);
    assert_eq!((found.status, found.failing_since), (Status::Active, None));
    assert_eq!(found.created, at(0));
    let secrets: Vec<_> = found.secrets.into_iter().map(|secret| secret.sealed).collect();
    assert_eq!(secrets, [sealed(3)]);
    let directory = done(world.store().directory());
    assert_eq!(directory.merchants.len(), 1);
    let known: Vec<_> = directory.endpoints.iter().map(|endpoint| endpoint.id).collect();
    assert_eq!(known, [id]);
}

pub fn settings_are_versioned_and_a_stale_change_is_refused(world: &World) {
    let (_, id) = world.pair();
    let second = settings("second");
    assert_eq!(done(world.store().change_endpoint(id, 1, second.clone(), at(5))), 2);
    let stale = refused(world.store().change_endpoint(id, 1, settings("third"), at(6)));
    assert_eq!(stale, StoreError::Stale { current: 2 });
    let found = world.find_endpoint(id);
    assert_eq!((found.version, &found.settings), (2, &second));
    let expected = vec![(1, at(0), settings("hook")), (2, at(5), second)];
    assert_eq!(done(world.store().versions(id)), expected);
    done(world.store().delete_endpoint(id, at(7)));
    assert_eq!(done(world.store().versions(id)), expected, "also of a deleted endpoint");
    let gone = refused(world.store().change_endpoint(id, 2, settings("x"), at(8)));
    assert_eq!(gone, StoreError::Missing { what: "endpoint" });
}

pub fn the_version_in_force_at_a_time_is_found(world: &World) {
    let (_, id) = world.pair();
    done(world.store().change_endpoint(id, 1, settings("second"), at(5)));
    let in_force = |second| {
        let found = done(world.store().version_at(id, at(second)));
        found.map(|(version, since, settings)| (version, since, settings.url.to_string()))
    };
    let url = |path| settings(path).url.to_string();
    assert_eq!(in_force(-1), None, "before it was created");
    assert_eq!(in_force(4), Some((1, at(0), url("hook"))));
    assert_eq!(in_force(5), Some((2, at(5), url("second"))));
    done(world.store().delete_endpoint(id, at(7)));
    assert_eq!(in_force(9), Some((2, at(5), url("second"))), "also of a deleted endpoint");
}

pub fn a_merchant_has_at_most_1023_endpoints_in_a_mode(world: &World) {
    let merchant = world.merchant();
    let create = |mode| world.store().create_endpoint(new_endpoint(merchant, mode), None);
    let created = block_on(join_all((0..ENDPOINTS_MAX).map(|_| create(Mode::Test))));
    assert!(created.iter().all(Result::is_ok));
    assert_eq!(refused(create(Mode::Test)), StoreError::TooMany { max: ENDPOINTS_MAX });
    done(create(Mode::Live));
    let one = done(world.store().directory()).endpoints.first().map(|endpoint| endpoint.id);
    done(world.store().delete_endpoint(one.expect("there are many"), at(1)));
    done(create(Mode::Test));
}

pub fn an_endpoint_of_nobody_is_refused(world: &World) {
    let new = new_endpoint(MerchantId::from_i64(99), Mode::Test);
    let nobody = refused(world.store().create_endpoint(new, None));
    assert_eq!(nobody, StoreError::Missing { what: "merchant" });
}

pub fn a_rotated_secret_signs_beside_the_old_one(world: &World) {
    let (_, id) = world.pair();
    let new = NewSecret { sealed: sealed(9), created: at(10) };
    let secret = done(world.store().rotate_secret(id, new, at(100), None)).get();
    let found = world.find_endpoint(id);
    let secrets: Vec<_> =
        found.secrets.iter().map(|secret| (secret.sealed.clone(), secret.until)).collect();
    assert_eq!(secrets, [(sealed(9), None), (sealed(3), Some(at(100)))]);
    assert_eq!(found.secrets.first().map(|current| current.id), Some(secret));
}

pub fn few_secrets_of_an_endpoint_sign_at_once(world: &World) {
    let (_, id) = world.pair();
    let rotate = |second, until| {
        let new = NewSecret { sealed: sealed(9), created: at(second) };
        block_on(world.store().rotate_secret(id, new, at(until), Some(once(1, 1))))
    };
    for second in 1..SIGNING_SECRETS_MAX {
        let new = NewSecret { sealed: sealed(9), created: at(0) };
        let until = at(100 + i64::try_from(second).expect("few"));
        done(world.store().rotate_secret(id, new, until, None));
    }
    let too_many = StoreError::TooMany { max: SIGNING_SECRETS_MAX };
    assert_eq!(rotate(50, 200), Err(too_many.clone()));
    assert_eq!(rotate(100, 200), Err(too_many), "the first of them signs still");
    let last = rotate(101, 200).expect("there is room");
    assert_eq!(rotate(102, 200), Ok(Done::Before(last.get())), "a repeat makes none");
    let new = NewSecret { sealed: sealed(8), created: at(103) };
    done(world.store().rotate_secret(id, new, at(103), None));
}

pub fn secrets_that_ended_before_the_newest_are_kept_for_the_record_only(world: &World) {
    let (_, id) = world.pair();
    for (byte, second, until) in [(8, 10, 20), (9, 30, 90)] {
        let new = NewSecret { sealed: sealed(byte), created: at(second) };
        done(world.store().rotate_secret(id, new, at(until), None));
    }
    let all: Vec<_> =
        done(world.store().secrets(id)).into_iter().map(|secret| secret.until).collect();
    assert_eq!(all, [Some(at(20)), Some(at(90)), None]);
    let signing: Vec<_> =
        world.find_endpoint(id).secrets.into_iter().map(|secret| secret.sealed).collect();
    assert_eq!(signing, [sealed(9), sealed(8)]);
}

pub fn a_deleted_endpoint_is_gone_from_the_directory(world: &World) {
    let (_, id) = world.pair();
    assert!(done(world.store().delete_endpoint(id, at(1))));
    assert!(done(world.store().endpoint(id)).is_none());
    assert!(done(world.store().directory()).endpoints.is_empty());
    let paused = Status::Paused { since: at(2) };
    let gone = refused(world.store().set_status(id, paused, at(2), Vec::new()));
    assert_eq!(gone, StoreError::Missing { what: "endpoint" });
    assert!(done(world.store().running_jobs()).is_empty(), "nothing waits: nothing to sweep");
}

pub fn a_deleted_endpoint_is_still_on_record(world: &World) {
    let (_, id) = world.pair();
    let on_record = || done(world.store().endpoint_on_record(id)).expect("it was created");
    assert_eq!((on_record().0.id, on_record().1), (id, None));
    done(world.store().change_endpoint(id, 1, settings("second"), at(5)));
    done(world.store().delete_endpoint(id, at(7)));
    let (endpoint, deleted) = on_record();
    assert_eq!((endpoint.settings, deleted), (settings("second"), Some(at(7))));
    assert_eq!(endpoint.secrets.len(), 1);
    let nobody = done(world.store().endpoint_on_record(EndpointId::from_i64(99)));
    assert!(nobody.is_none());
}

pub fn endpoints_that_were_there_at_a_time_and_are_deleted_now_are_found(world: &World) {
    let (merchant, id) = world.pair();
    let stays = world.endpoint(merchant);
    let there = |mode, second| {
        done(world.store().endpoints_deleted(merchant, mode, at(second), at(second)))
    };
    assert_eq!(there(Mode::Test, 4), []);
    done(world.store().delete_endpoint(id, at(5)));
    assert_eq!(there(Mode::Test, 5), [id], "and not {stays}, which is there still");
    assert_eq!(there(Mode::Test, 6), []);
    assert_eq!(there(Mode::Test, -1), [], "before it was created");
    assert_eq!(there(Mode::Live, 4), []);
    let other = world.merchant();
    assert_eq!(done(world.store().endpoints_deleted(other, Mode::Test, at(4), at(4))), []);
}

pub fn enabling_without_parked_deliveries_makes_active(world: &World) {
    let (_, id) = world.pair();
    assert_eq!(world.set_status(id, Status::Active, 1), Status::Active);
    world.pause(id, 2);
    assert_eq!(world.set_status(id, Status::Active, 3), Status::Active);
    assert_eq!(world.find_endpoint(id).status, Status::Active);
    assert!(done(world.store().running_jobs()).is_empty());
}

pub fn pausing_and_disabling_are_on_record(world: &World) {
    let (_, id) = world.pair();
    world.pause(id, 1);
    assert_eq!(world.find_endpoint(id).status, Status::Paused { since: at(1) });
    let disabled = Status::Disabled { since: at(2), why: DisabledWhy::Requested };
    world.set_status(id, disabled, 2);
    assert_eq!(world.find_endpoint(id).status, disabled);
}

pub fn notices_are_accepted_with_a_change_of_status(world: &World) {
    let (merchant, id) = world.pair();
    let watcher = world.endpoint(merchant);
    let notice = world.new_event(merchant, 1);
    let notices = vec![new_accept(notice.clone(), &[(watcher, due(1))])];
    let paused = Status::Paused { since: at(1) };
    done(world.store().set_status(id, paused, at(1), notices));
    assert_eq!(world.claim_one(watcher, 1).event.id, notice.id);
}

pub fn a_change_of_status_that_changes_nothing_leaves_no_trace(world: &World) {
    let (merchant, id) = world.pair();
    let gone = Status::Disabled { since: at(1), why: DisabledWhy::Gone };
    let again = Status::Disabled { since: at(2), why: DisabledWhy::Requested };
    let set = |status, second| {
        let notice = world.new_event(merchant, second);
        let notices = vec![new_accept(notice.clone(), &[])];
        let came_of_it = done(world.store().set_status(id, status, at(second), notices));
        assert_eq!(world.find_endpoint(id).status, came_of_it);
        (came_of_it, done(world.store().event(notice.id)).is_some())
    };
    assert_eq!(set(gone, 1), (gone, true));
    assert_eq!(set(again, 2), (gone, false), "since when and why stay as they are");
    assert_eq!(set(Status::Active, 3), (Status::Active, true));
    assert_eq!(set(Status::Active, 4), (Status::Active, false));
    let paused = |second| Status::Paused { since: at(second) };
    assert_eq!(set(paused(5), 5), (paused(5), true));
    assert_eq!(set(paused(6), 6), (paused(5), false));
    assert_eq!(set(again, 7), (again, true), "being disabled is more than a pause");
}
