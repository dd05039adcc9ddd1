//! Looking after a data directory: doctor, migrate, and a new master key.

use std::path::Path;

use crate::program::{Server, finish, posthorn, run, word_in};
use crate::receiver::Receiver;

/// A data directory that a sandboxed server has made and left.
fn left_behind(data: &Path) -> Server {
    let server = Server::first(data);
    server.going.signal("TERM");
    server.going.line_with("stopping");
    server
}

fn at<'a>(command: &[&'a str], data: &'a Path) -> Vec<&'a str> {
    [command, &["--data", data.to_str().expect("UTF-8")]].concat()
}

#[test]
fn a_sound_directory_has_a_clean_bill_of_health() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = left_behind(&data);
    server.going.end();
    let said = run(&at(&["doctor"], &data)).sound();
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 6, "{said}");
    assert_eq!(run(&at(&["migrate"], &data)).sound(), "the database is up to date\n");
    let told = run(&at(&["doctor", "--json"], &data)).sound();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["sound"], &told["findings"][1]["state"]), (&true.into(), &"ok".into()));
}

#[test]
fn a_lost_master_key_is_found_by_the_doctor() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    left_behind(&data).going.end();
    std::fs::remove_file(data.join("master.key")).unwrap();
    let ended = run(&at(&["doctor"], &data));
    assert_eq!((ended.code, ended.err.as_str()), (Some(1), "error: 1 thing is wrong\n"));
    assert!(ended.out.contains("the database's secrets need it"), "{}", ended.out);
    let said = run(&at(&["serve", "--listen", "127.0.0.1:0"], &data)).failed();
    assert!(said.contains("master.key is missing") && said.contains("restore it"), "{said}");
    assert!(!data.join("master.key").exists(), "no other key takes its place in silence");
}

#[test]
fn a_master_key_of_another_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    left_behind(&data).going.end();
    let mut serve = posthorn(&at(&["serve", "--listen", "127.0.0.1:0"], &data));
    let said = finish(serve.env("POSTHORN_MASTER_KEY", "ef".repeat(32)), b"").failed();
    assert!(said.contains("is not the one of this database"), "{said}");
    assert!(said.contains("master_keys_old"), "{said}");
    let mut doctor = posthorn(&at(&["doctor"], &data));
    let ended = finish(doctor.env("POSTHORN_MASTER_KEY", "ef".repeat(32)), b"");
    assert_eq!((ended.code, ended.err.as_str()), (Some(1), "error: 1 thing is wrong\n"));
    assert!(ended.out.contains("is not the one of this database"), "{}", ended.out);
    assert!(run(&at(&["doctor"], &data)).sound().contains("readable by its owner alone"));
}

#[test]
fn after_a_rotation_of_the_master_key_everything_still_opens_with_the_new_one_alone() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let receiver = Receiver::start();
    let server = Server::first(&data);
    let made = server.run(&["endpoint", "create", &receiver.url]).sound();
    let secret = word_in(&made, "whsec_");
    let (key, url) = (server.key.clone(), server.url.clone());
    let busy = run(&at(&["master-key", "rotate"], &data)).failed();
    assert!(busy.contains("another posthorn uses the data directory"), "{busy}");
    server.going.signal("TERM");
    server.going.end();

    let old = std::fs::read_to_string(data.join("master.key")).unwrap();
    // Six merchants with two webhook secrets and three shown keys each, and one endpoint's secret.
    let said = run(&at(&["master-key", "rotate"], &data)).sound();
    assert!(said.contains("done: 31 secrets are sealed with the new key"), "{said}");
    let new = std::fs::read_to_string(data.join("master.key")).unwrap();
    assert_ne!(old, new);
    assert_eq!(new.lines().filter(|line| !line.starts_with('#')).count(), 1);

    let server = Server { key, ..Server::again(&data, &url) };
    server.run(&["trigger", "payment.succeeded"]).sound();
    let seen = receiver.request();
    let headers = seen.header_lines();
    let mut verify = vec!["contract", "verify", "--contract", "standard", "--secret", &secret];
    verify.extend(headers.iter().flat_map(|header| ["-H", header]));
    crate::program::run_with(&verify, &seen.body).sound();
}

#[test]
fn a_given_key_must_be_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    left_behind(&data).going.end();
    let file = dir.path().join("new.key");
    std::fs::write(&file, "cd".repeat(32)).unwrap();
    let rotate = ["master-key", "rotate", "--new-key-file", file.to_str().unwrap()];
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let said = run(&at(&rotate, &data)).failed();
    assert!(said.contains("chmod 600"), "{said}");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    run(&at(&rotate, &data)).sound();
    let kept = std::fs::read_to_string(data.join("master.key")).unwrap();
    assert!(kept.ends_with(&format!("{}\n", "cd".repeat(32))), "{kept}");
}

#[test]
fn a_copy_made_beside_the_server_is_served_again_with_all_that_waits_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let (data, again) = (dir.path().join("data"), dir.path().join("again"));
    let file = dir.path().join("copy.db");
    let copy = file.to_str().unwrap();
    let receiver = Receiver::start();
    let server = Server::first(&data);
    let endpoint = word_in(&server.run(&["endpoint", "create", &receiver.url]).sound(), "ep_");
    server.run(&["endpoint", "disable", &endpoint]).sound();
    let sent = server.run(&["trigger", "payment.succeeded"]).sound();
    let event = word_in(&sent, "evt_");
    let told = run(&at(&["backup", copy, "--json"], &data)).sound();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["path"], &told["newest_event"]), (&copy.into(), &event.as_str().into()));
    let said = run(&at(&["backup", copy], &data)).failed();
    assert!(said.contains("copy.db already; move it away"), "{said}");
    let said = run(&at(&["restore", copy], &data)).failed();
    assert!(said.contains("another posthorn uses the data directory"), "{said}");
    let (key, url) = (server.key.clone(), server.url.clone());
    server.going.signal("KILL");
    server.going.end();

    let said = run(&at(&["restore", copy], &again)).sound();
    assert!(said.contains("every page checked") && said.contains(&event), "{said}");
    std::fs::copy(data.join("master.key"), again.join("master.key")).unwrap();
    run(&at(&["doctor"], &again)).sound();
    let server = Server { key, ..Server::again(&again, &url) };
    server.run(&["endpoint", "enable", &endpoint]).sound();
    let seen = receiver.request();
    assert_eq!(seen.header("webhook-id"), event);
}

#[test]
fn a_lost_database_is_told_by_the_doctor_and_by_a_start_and_its_log_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::first(dir.path());
    server.going.signal("KILL");
    assert_eq!(server.going.end(), None);
    let log = dir.path().join("posthorn.db-wal");
    let kept = std::fs::read(&log).unwrap();
    assert!(!kept.is_empty());
    std::fs::write(dir.path().join("posthorn.db"), "").unwrap();

    let ended = run(&at(&["doctor"], dir.path()));
    assert_eq!((ended.code, ended.err.as_str()), (Some(1), "error: 1 thing is wrong\n"));
    assert!(
        ended.out.contains("posthorn.db is lost: it has 0 bytes, and posthorn.db-wal"),
        "{ended:?}"
    );
    for command in
        [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"], &["master-key", "rotate"]]
    {
        let said = run(&at(command, dir.path())).failed();
        assert!(said.contains("is lost") && said.contains("restore a copy"), "{said}");
    }
    assert_eq!(std::fs::read(&log).unwrap(), kept);
}
