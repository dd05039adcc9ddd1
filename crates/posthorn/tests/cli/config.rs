//! Settings: where they come from, which one wins, and what is said of bad ones.

use std::path::Path;

use crate::program::{finish, posthorn, run};

fn config_file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), text).expect("it is ours");
    file
}

fn print(file: &Path) -> crate::program::Ended {
    run(&["config", "print", "--config", file.to_str().expect("UTF-8")])
}

#[test]
fn without_any_setting_the_defaults_are_in_force() {
    insta::assert_snapshot!(run(&["config", "print"]).sound(), @r#"
    listen = "127.0.0.1:8080"
    data = "./posthorn-data"
    # database: not set
    sandbox = false
    # contract: not set
    # public_url: not set
    # contracts: not set
    # admin_key: not set
    # master_key: not set
    # master_keys_old: not set
    allow_cidrs = []
    trusted_proxies = []
    allow_http = false
    # extra_ca: not set
    grace = "20s"
    retention = "90d"
    request_retention = "7d"

    [limits]
    in_flight_max = 4096
    merchant_in_flight_max = 1024
    drain_per_second = 100

    [hosts]
    test = []
    live = []

    [egress]
    addresses = []
    announced = []

    [postgres]
    connections = 8
    write_timeout = "10s"
    read_timeout = "1s"
    pooler = "none"
    # direct: not set

    [log]
    format = "text"
    level = "info"
    "#);
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let file = config_file("listen = \"127.0.0.1:1\"\ndata = \"from-file\"\ngrace = \"5s\"\n");
    let file = file.path().to_str().unwrap();
    let mut command = posthorn(&["config", "print", "--config", file, "--listen", "127.0.0.1:3"]);
    command.env("POSTHORN_LISTEN", "127.0.0.1:2").env("POSTHORN_DATA", "from-env");
    let printed = finish(&mut command, b"").sound();
    assert!(printed.contains("listen = \"127.0.0.1:3\"\ndata = \"from-env\"\n"), "{printed}");
    assert!(printed.contains("grace = \"5s\""), "{printed}");
}

#[test]
fn the_settings_are_printed_as_json_for_scripts() {
    let file = config_file("grace = \"5s\"\n[limits]\nin_flight_max = 7\n");
    let file = file.path().to_str().unwrap();
    let mut command = posthorn(&["config", "print", "--json", "--config", file]);
    let printed = finish(command.env("POSTHORN_ADMIN_KEY", "admin_very_secret_1"), b"").sound();
    let read: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&read["grace"], &read["limits"]["in_flight_max"]), (&"5s".into(), &7.into()));
    assert_eq!(read["admin_key"], serde_json::json!({"set": true}));
    assert_eq!(read["database"], serde_json::Value::Null);
}

#[test]
fn secrets_are_never_printed() {
    let key = "ab".repeat(32);
    let mut command = posthorn(&["config", "print"]);
    command.env("POSTHORN_MASTER_KEY", &key).env("POSTHORN_ADMIN_KEY", "admin_very_secret_1");
    let printed = finish(&mut command, b"").sound();
    assert!(printed.contains("# master_key: set, not shown"), "{printed}");
    assert!(!printed.contains(&key) && !printed.contains("very_secret"), "{printed}");
}

#[test]
fn what_is_wrong_with_a_file_is_told_by_line_column_and_setting_and_no_value_is_repeated() {
    let refused = |text: &str| print(config_file(text).path()).failed();
    for secret in [
        "admin_key = \"hush-hush\nlisten = \"127.0.0.1:1\"",
        "master_key = hush-hush",
        "master_key = \"hush-hush\"",
        "master_keys_old = [\n  \"hush-hush\n]",
        "admin_kye = \"hush-hush\"",
        "database = \"postgres://me:hush-hush@db/posthorn",
        "hush-hush",
    ] {
        let said = refused(&format!("sandbox = true\n{secret}\n"));
        assert!(said.contains("line ") && said.contains("column "), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }
    let said = refused("admin_key = 1234567890123456\n");
    let told = "line 1, column 13: `admin_key`: it must be a text in quotes;";
    assert!(said.contains(told), "{said}");
}

#[test]
fn a_databases_password_is_never_shown_in_whatever_form_it_is_given() {
    let dir = tempfile::tempdir().unwrap();
    for (url, shown) in [
        ("postgres://me:hush@db/posthorn", "database = \"postgres://me:***@db/posthorn\""),
        ("postgres://me@db/posthorn?password=hush", "# database: set, not shown"),
        ("host=db user=me password=hush", "# database: set, not shown"),
        ("postgres://me:hush/hush@db/posthorn", "# database: set, not shown"),
        ("postgres://me:hush?hush@db/posthorn", "# database: set, not shown"),
    ] {
        let mut print = posthorn(&["config", "print"]);
        let printed = finish(print.env("POSTHORN_DATABASE", url), b"").sound();
        assert!(printed.contains(shown) && !printed.contains("hush"), "{url}: {printed}");
    }
    for url in ["postgres://me:hush/hush@db/posthorn", "host=db password=hush hushed=1", "hush"] {
        let mut print = posthorn(&["config", "print"]);
        let printed = finish(print.env("POSTHORN_POSTGRES_DIRECT", url), b"").sound();
        assert!(!printed.contains("hush"), "{url}: {printed}");
        let mut serve = posthorn(&["serve", "--data", dir.path().to_str().unwrap()]);
        let said = finish(serve.env("POSTHORN_DATABASE", url), b"").failed();
        assert!(said.contains("PostgreSQL") || said.contains("URL cannot be read"), "{said}");
        assert!(!said.contains("hush"), "{url}: {said}");
    }
}

#[test]
fn an_unknown_key_is_told_by_its_line() {
    let file = config_file("sandbox = true\nlissten = \"127.0.0.1:1\"\n");
    let said = print(file.path()).failed();
    assert!(said.contains("unknown field `lissten`") && said.contains("line 2"), "{said}");
}

#[test]
fn a_misspelt_variable_is_refused_with_the_nearest_name() {
    let with = |name: &str, arguments: &[&str]| {
        finish(posthorn(arguments).env(name, "127.0.0.1:1"), b"").failed()
    };
    insta::assert_snapshot!(with("POSTHORN_LISTN", &["serve", "--contracts", "/nowhere"]), @"error: the environment has `POSTHORN_LISTN`, which is no setting; did you mean `POSTHORN_LISTEN`?; `posthorn config docs` lists every key");
    insta::assert_snapshot!(with("POSTHORN_QUUX", &["config", "print"]), @"error: the environment has `POSTHORN_QUUX`, which is no setting; `posthorn config docs` lists every key");
}

#[test]
fn what_other_commands_read_from_the_environment_is_no_mistake() {
    let mut command = posthorn(&["config", "print"]);
    for name in ["POSTHORN_SERVER", "POSTHORN_KEY", "POSTHORN_ADMIN_KEY"] {
        command.env(name, "x");
    }
    command.env("POSTHORN_CONTRACTS", "c").env("POSTHORNED", "x");
    finish(&mut command, b"").sound();
}

#[test]
fn a_bad_duration_network_key_and_bound_are_each_refused_with_the_remedy() {
    let refused = |text: &str| print(config_file(text).path()).failed();
    let said = refused("grace = \"20\"\n");
    assert!(said.contains("write a whole number and a unit"), "{said}");
    let said = refused("allow_cidrs = [\"10.0.0.0/33\"]\n");
    assert!(said.contains("allow_cidrs"), "{said}");
    let said = refused("master_key = \"passphrase\"\n");
    assert!(said.contains("openssl rand -hex 32"), "{said}");
    let said = refused("[limits]\nin_flight_max = 0\n");
    assert!(said.contains("in_flight_max must be at least 1"), "{said}");
    let said = refused("[postgres]\nwrite_timeout = \"0s\"\n");
    assert!(said.contains("postgres.write_timeout must be at least 10ms"), "{said}");
}

#[test]
fn a_host_is_bound_to_one_mode_by_its_name_alone() {
    let file =
        config_file("[hosts]\ntest = [\"API.sandbox.techcorp.com\"]\nlive = [\"a.example\"]\n");
    let file = file.path().to_str().unwrap();
    let mut command = posthorn(&["config", "print", "--config", file]);
    let printed = finish(command.env("POSTHORN_HOSTS_LIVE", "b.example,c.example."), b"").sound();
    let told = "test = [\"api.sandbox.techcorp.com\"]\nlive = [\"b.example\",\"c.example\"]\n";
    assert!(printed.contains(told), "{printed}");
    let said = print(config_file("[hosts]\nlive = [\"https://a.example\"]\n").path()).failed();
    assert!(said.contains("`live`: ") && said.contains("without scheme, port and path"), "{said}");
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut serve = posthorn(&["serve", "--config", file, "--data", data.to_str().unwrap()]);
    let said = finish(serve.env("POSTHORN_HOSTS_LIVE", "api.SANDBOX.techcorp.com"), b"").failed();
    insta::assert_snapshot!(said, @"error: `hosts.test` and `hosts.live` both have `api.sandbox.techcorp.com`; a host name is bound to one mode, or, in neither, takes both");
    assert!(!data.exists(), "nothing was begun");
}

#[test]
fn what_cannot_be_read_is_named_as_it_is_written() {
    let with = |name: &str| finish(posthorn(&["config", "print"]).env(name, "x"), b"").failed();
    for (name, key) in [
        ("POSTHORN_LISTEN", "`listen`"),
        ("POSTHORN_LOG_FORMAT", "`log.format`"),
        ("POSTHORN_DRAIN_PER_SECOND", "`limits.drain_per_second`"),
        ("POSTHORN_POSTGRES_READ_TIMEOUT", "`postgres.read_timeout`"),
    ] {
        let said = with(name);
        assert!(said.contains(&format!("cannot read {key}")), "{said}");
        assert!(said.contains(name) && !said.contains("::"), "{said}");
    }
    for (name, key) in [
        ("POSTHORN_TRUSTED_PROXIES", "`trusted_proxies`"),
        ("POSTHORN_EGRESS_ADDRESSES", "`egress.addresses`"),
    ] {
        let said = with(name);
        assert!(said.contains(&format!("`{name}` into {key}: ")), "{said}");
    }
}

#[test]
fn a_missing_file_and_a_postgres_that_is_not_there_are_refused() {
    let said = run(&["config", "print", "--config", "/nowhere/posthorn.toml"]).failed();
    assert!(said.contains("does not exist: '/nowhere/posthorn.toml'"), "{said}");
    let dir = tempfile::tempdir().unwrap();
    let mut serve = posthorn(&["serve", "--database", "postgres://me:hush@127.0.0.1:1/posthorn"]);
    let said = finish(serve.arg("--data").arg(dir.path()), b"").failed();
    assert!(said.contains("PostgreSQL cannot be used") && !said.contains("hush"), "{said}");
}

#[test]
fn the_page_of_settings_is_what_the_program_prints() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/config.md");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page == run(&["config", "docs"]).sound(), "run ./x gen");
}
