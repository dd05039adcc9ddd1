//! Servers that share a database. These stories need [`Servers`].

use std::sync::Arc;

use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::delivery::State;
use posthorn_core::endpoint::{DisabledWhy, Status};
use posthorn_core::event::Mode;
use posthorn_core::id::{EventId, JobId};
use posthorn_core::merchant::KeyKind;

use super::World;
use super::world::{at, done, due, new_accept, refused, settings};
use crate::{
    Beat, Change, Company, JobKind, MerchantChange, NewKey, NewSecret, Now, Place, Store,
    StoreError,
};

/// A database, and servers that work on it.
pub trait Servers {
    /// One more server.
    fn begin(&self) -> Arc<dyn Store>;
    /// All fall silent for so many seconds.
    fn pass(&self, seconds: i64);
    /// Something is done in the database behind their backs.
    fn run(&self, sql: &str);
    /// All connections are cut.
    fn end_sessions(&self);
}

/// A clock that goes as the database's does, but for so many seconds.
fn clock(ahead: i64) -> Now {
    Arc::new(move || real_now() + SignedDuration::from_secs(ahead))
}

#[expect(clippy::disallowed_methods, reason = "the database has the real clock")]
fn real_now() -> Timestamp {
    Timestamp::now()
}

fn join(server: &dyn Store) -> Place {
    let place = done(server.join(clock(0)));
    beat(server, 0);
    place
}

fn beat(server: &dyn Store, floor: i64) -> Company {
    done(server.beat(Beat { now: clock(0), floor: EventId::from_i64(floor) }))
}

fn heard(server: &dyn Store) -> Vec<Change> {
    let mut changes = beat(server, 0).changes.expect("it did not look away");
    changes.sort_by_key(|change| format!("{change:?}"));
    changes
}

pub fn the_first_server_is_alone_and_each_has_a_node_of_its_own(servers: &impl Servers) {
    let (first, second) = (servers.begin(), servers.begin());
    let place = join(&*first);
    assert_eq!((place.node, place.alone), (0, true));
    let place = join(&*second);
    assert_eq!((place.node, place.alone), (1, false));
    assert_eq!(beat(&*first, 0).others, 1);
    done(second.leave());
    assert_eq!(beat(&*first, 0).others, 0);
    let third = servers.begin();
    assert_eq!(join(&*third).node, 1, "what was given up is free at once");
}

pub fn what_one_server_changes_all_hear_of_once(servers: &impl Servers) {
    let (first, second) = (servers.begin(), servers.begin());
    join(&*first);
    join(&*second);
    let world = World::new(Arc::clone(&first));
    let (merchant, endpoint) = world.pair();
    let both = [Change::Endpoint(endpoint), Change::Merchant(merchant)];
    assert_eq!(heard(&*second), both);
    assert_eq!(heard(&*first), both, "its own too");
    assert_eq!((heard(&*first), heard(&*second)), (vec![], vec![]), "once");
    let merchant_changed = vec![Change::Merchant(merchant)];
    let endpoint_changed = vec![Change::Endpoint(endpoint)];
    let name = MerchantChange { name: Some("another".into()), ..MerchantChange::default() };
    done(first.change_merchant(merchant, name));
    assert_eq!(heard(&*second), merchant_changed);
    done(first.set_clock(merchant, SignedDuration::from_hours(1)));
    assert_eq!(heard(&*second), merchant_changed);
    done(first.change_endpoint(endpoint, 1, settings("b"), at(1)));
    assert_eq!(heard(&*second), endpoint_changed);
    let status = Status::Disabled { since: at(2), why: DisabledWhy::Requested };
    done(first.set_status(endpoint, status, at(2), vec![]));
    assert_eq!(heard(&*second), endpoint_changed);
    let secret = NewSecret { sealed: super::world::sealed(7), created: at(3) };
    done(first.rotate_secret(endpoint, secret, at(4), None));
    assert_eq!(heard(&*second), endpoint_changed);
    done(first.delete_endpoint(endpoint, at(5)));
    assert_eq!(heard(&*second), endpoint_changed);
    let key = NewKey {
        merchant,
        mode: Mode::Test,
        kind: KeyKind::ApiKey,
        hint: "sk_test_…".into(),
        hash: [9; 32],
        shown: None,
        created: at(6),
    };
    let key = done(first.create_key(key, None)).get();
    assert_eq!(heard(&*second), [], "nobody can have refused it before");
    done(first.revoke_key(merchant, key, at(7)));
    assert_eq!(heard(&*second), [Change::Key]);
}

pub fn a_server_is_told_when_another_changes_something(servers: &impl Servers) {
    let (first, second) = (servers.begin(), servers.begin());
    join(&*first);
    join(&*second);
    World::new(first).merchant();
    block_on(second.told());
}

pub fn a_server_that_fell_silent_writes_nothing_until_it_begins_anew(servers: &impl Servers) {
    let server = servers.begin();
    join(&*server);
    let world = World::new(Arc::clone(&server));
    let pair = world.pair();
    servers.pass(14);
    assert!(!beat(&*server, 0).replaced);
    servers.pass(16);
    let accept = new_accept(world.new_event(pair.0, 0), &[(pair.1, due(0))]);
    let error = refused(server.accept(vec![accept.clone()]));
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(beat(&*server, 0).replaced);
    assert!(beat(&*server, 0).replaced, "until it has joined");
    refused(server.accept(vec![accept.clone()]));
    join(&*server);
    done(server.accept(vec![accept]));
}

pub fn what_was_made_before_a_silence_is_not_written_below_what_others_have_read(
    servers: &impl Servers,
) {
    let (silent, other) = (servers.begin(), servers.begin());
    join(&*silent);
    join(&*other);
    let world = World::new(Arc::clone(&silent));
    let pair = world.pair();
    let before = new_accept(world.new_event(pair.0, 0), &[(pair.1, due(0))]);
    servers.pass(31);
    join(&*other);
    beat(&*other, before.event.id.as_i64());
    assert!(beat(&*silent, 0).replaced);
    join(&*silent);
    let error = refused(silent.accept(vec![before]));
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    let after = new_accept(world.new_event(pair.0, 1), &[(pair.1, due(1))]);
    done(silent.accept(vec![after]));
}

pub fn a_server_that_lost_its_session_and_lives_is_company(servers: &impl Servers) {
    let (lives, dead, starts) = (servers.begin(), servers.begin(), servers.begin());
    join(&*lives);
    join(&*dead);
    servers.end_sessions();
    // It is heard of again while the other looks around.
    let place = std::thread::scope(|scope| {
        let joins = scope.spawn(|| done(starts.join(clock(0))));
        while !joins.is_finished() {
            beat(&*lives, 0);
        }
        joins.join().expect("it joins")
    });
    assert!(!place.alone);
}

pub fn a_server_whose_clock_is_minutes_away_is_refused(servers: &impl Servers) {
    let server = servers.begin();
    let error = refused(server.join(clock(-90)));
    assert!(error.to_string().contains("90 s apart"), "{error}");
}

pub fn the_node_of_a_server_that_is_gone_is_given_to_another(servers: &impl Servers) {
    let (first, second) = (servers.begin(), servers.begin());
    let node = join(&*first).node;
    servers.pass(59);
    assert_ne!(join(&*second).node, node, "it may still be writing");
    servers.pass(2);
    let third = servers.begin();
    assert_eq!(join(&*third).node, node);
    assert!(beat(&*first, 0).replaced);
    assert_ne!(join(&*first).node, node, "it begins anew, elsewhere");
}

pub fn nobody_writes_below_what_the_others_take_for_settled(servers: &impl Servers) {
    let (first, second, third) = (servers.begin(), servers.begin(), servers.begin());
    join(&*first);
    join(&*second);
    assert_eq!(beat(&*first, 5000).horizon, Some(EventId::from_i64(0)));
    beat(&*second, 3000);
    assert_eq!(beat(&*first, 5000).horizon, Some(EventId::from_i64(3000)));
    assert_eq!(join(&*third).after, EventId::from_i64(5000));
    assert_eq!(beat(&*first, 9000).horizon, Some(EventId::from_i64(3000)));
    servers.pass(31);
    assert_eq!(beat(&*first, 9000).horizon, None, "who is silent cannot write any more");
}

pub fn a_job_is_at_one_server_until_that_is_gone(servers: &impl Servers) {
    let (first, second) = (servers.begin(), servers.begin());
    join(&*first);
    join(&*second);
    let world = World::new(Arc::clone(&first));
    let (merchant, endpoint) = world.pair();
    let job = world.create_job(merchant, JobKind::Sweep { endpoint }, 0);
    let take = |server: &Arc<dyn Store>| -> Vec<JobId> { done(server.take_jobs(vec![job])) };
    assert_eq!((take(&second), take(&first)), (vec![job], vec![]));
    assert_eq!(take(&second), [job], "it is still its own");
    servers.pass(16);
    join(&*first);
    assert_eq!(take(&first), [job]);
    join(&*second);
    assert_eq!(take(&second), []);
}

pub fn a_clock_is_advanced_by_one_server_at_a_time(servers: &impl Servers) {
    let (first, second) = (servers.begin(), servers.begin());
    join(&*first);
    join(&*second);
    let world = World::new(Arc::clone(&first));
    let (merchant, other) = (world.merchant(), world.merchant());
    let advance = |merchant| world.create_job(merchant, JobKind::Advance { target: at(9) }, 0);
    let (one, two, elsewhere) = (advance(merchant), advance(merchant), advance(other));
    assert_eq!(done(first.take_jobs(vec![one])), [one]);
    assert_eq!(done(second.take_jobs(vec![two, elsewhere])), [elsewhere]);
    assert_eq!(done(first.take_jobs(vec![two])), [two], "they take turns there");
    done(first.set_clock(merchant, SignedDuration::from_hours(2)));
    done(second.set_clock(merchant, SignedDuration::from_hours(1)));
    let ahead = done(first.merchant(merchant)).expect("it is there").clock_offset;
    assert_eq!(ahead, SignedDuration::from_hours(2), "whoever writes last");
}

pub fn a_lease_is_by_the_clock_of_the_database(servers: &impl Servers) {
    let (slow, right) = (servers.begin(), servers.begin());
    let seconds = SignedDuration::from_secs;
    join(&*right);
    done(slow.join(clock(-50)));
    let its = real_now() - seconds(50);
    let world = World::new(Arc::clone(&slow));
    let pair = world.pair();
    let event = world.new_event(pair.0, 0);
    let of_its_node = event.id.as_i64() | 1 << 16;
    let event = posthorn_core::event::Event { id: EventId::from_i64(of_its_node), ..event };
    world.accept(event, &[(pair.1, State::Leased { until: its + seconds(30) })]);
    let far = real_now() + seconds(3600);
    assert_eq!(
        done(right.release_expired(far, 10)),
        [],
        "it lives, whatever a server's clock says"
    );
    servers.run("update posthorn.deliveries set at = at - 31000");
    assert_eq!(done(slow.release_expired(far, 10)), [pair.1]);
}
