//! What the program says about itself.

use crate::program::{finish, posthorn, run};

/// Help as it is printed; clap leaves spaces on lines that are otherwise empty.
fn help(arguments: &[&str]) -> String {
    let text = run(arguments).sound();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_help_groups_the_commands_by_what_they_are_for() {
    insta::assert_snapshot!(help(&["--help"]), @r"
    Self-hosted payments gateway and webhook platform: events in, signed webhooks out

    Usage: posthorn [OPTIONS] <COMMAND>

    Run a server:
      serve        Start the server
      demo         Tell the whole story in one process, and exit
      migrate      Bring the database up to date, or say what that would do
      backup       Copy the embedded database while the server goes on
      restore      Put a copy of the embedded database into a data directory
      export       Write out everything in the embedded database, to be imported elsewhere
      import       Move what `export` wrote into a PostgreSQL database
      doctor       Look for what is wrong with a database and its settings
      master-key   Rotate the key that seals secrets in the database
      config       Print the settings in force, or explain every key

    Develop against it:
      listen       Forward a merchant's test events to a local URL
      receiver     Receive webhooks from any sender, well or in any bad way
      trigger      Make an event happen in the sandbox
      contract     List, show, lint, sign and verify contracts, offline
      clock        Show or advance the sandbox clock
      openapi      Print the API's OpenAPI document

    The API from a terminal:
      merchant     Create, list and change merchants
      key          Create, list and revoke API keys
      application  Create, list and delete applications that use OAuth 2
      login        Invite, list and delete users, who can let applications in
      payment      Make payments, capture, cancel and refund them
      payout       Send a merchant's money to its bank or its telephone
      ledger       Look at what moved between accounts, and prove that nothing is missing
      endpoint     Create and look after endpoints
      event        Send events, and ask why they were or were not sent
      delivery     Look at deliveries and attempts; send again
      job          Watch and cancel recoveries and other long work
      incident     Tell of trouble on the status page
      request      Look for calls of the last days: what was sent, what was answered
      help         Explain a command

    Options:
          --no-color  No colours (also: the environment variable `NO_COLOR`)
      -h, --help      Print help
      -V, --version   Print version

    Start here:
      posthorn demo               the whole story in one process, in seconds
      posthorn serve --sandbox    a server to try, with merchants and keys

    `posthorn COMMAND --help` explains a command, with examples.
    ");
}

#[test]
fn a_command_explains_itself_with_examples() {
    insta::assert_snapshot!(help(&["serve", "--help"]), @r"
    Start the server. Everything it keeps is in its data directory, which one server at a time can use;
    or, with --database, in a PostgreSQL that any number of servers share.

    SIGTERM or Ctrl-C stops it: it takes no more requests, finishes what it is sending or gives it back,
    and exits with 0. A second signal ends it at once; nothing that was accepted is lost either way.

    Usage: posthorn serve [OPTIONS]

    Options:
          --no-color
              No colours (also: the environment variable `NO_COLOR`)

      -h, --help
              Print help (see a summary with '-h')

    Server:
          --listen <ADDRESS:PORT>
              Where the HTTP API listens [default: 127.0.0.1:8080]

          --data <DIR>
              The data directory [default: ./posthorn-data]

          --database <URL>
              A postgres:// URL instead of the embedded database

          --sandbox
              Test mode may use http and local receivers; merchants are made on first start

          --config <FILE>
              A TOML file with settings (see `posthorn config docs`)

              [env: POSTHORN_CONFIG]

          --contract <NAME>
              Serve this contract's own API at the root, and the native one below /native

          --contracts <DIR>
              A directory with your own contracts, read after the embedded ones

          --admin-key <KEY>
              The admin key; better given as `POSTHORN_ADMIN_KEY`, which other users cannot list

    Examples:
      posthorn serve --sandbox                         a server to try
      posthorn serve --config /etc/posthorn.toml       as an operator would
      POSTHORN_ADMIN_KEY=… posthorn serve --listen 0.0.0.0:8080 --data /var/lib/posthorn

    Every setting: posthorn config docs
    ");
}

#[test]
fn a_command_for_developers_says_how_it_connects() {
    insta::assert_snapshot!(help(&["listen", "--help"]), @r"
    Forward a merchant's test events to a local URL, with the headers and the body that an endpoint
    would get, and print each with the answer. Nothing has to be reachable from outside. It survives
    restarts of the server and misses nothing meanwhile; it does not retry, and what it forwards changes
    no delivery.

    Usage: posthorn listen [OPTIONS] --forward-to <URL>

    Options:
          --forward-to <URL>
              Where to POST each event

          --no-color
              No colours (also: the environment variable `NO_COLOR`)

          --events <PATTERN>
              Only events of these types, as in 'payment.*'; may be given more than once

          --after <EVENT>
              Begin after this event, not with the next one

      -h, --help
              Print help (see a summary with '-h')

    Connection:
          --server <URL>
              The server's base URL

              [env: POSTHORN_SERVER]
              [default: http://127.0.0.1:8080]

          --key <KEY>
              A merchant's API key, as in `sk_test_…`

              [env: POSTHORN_KEY]

          --admin-key <KEY>
              The operator's admin key

              [env: POSTHORN_ADMIN_KEY]

          --json
              Print the API's JSON instead of tables

    Examples:
      posthorn listen --forward-to http://127.0.0.1:4000/webhooks --key sk_test_…
      posthorn listen --forward-to http://127.0.0.1:4000/webhooks --events 'payment.*' --json
    ");
}

#[test]
fn a_misspelt_command_is_a_usage_error_with_the_nearest_name() {
    let ended = run(&["serv"]);
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!(ended.err, @r"
    error: unrecognized subcommand 'serv'

      tip: a similar subcommand exists: 'serve'

    Usage: posthorn [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn every_command_has_help() {
    let commands = [
        "serve",
        "demo",
        "migrate",
        "doctor",
        "master-key",
        "config",
        "listen",
        "receiver",
        "trigger",
        "contract",
        "clock",
        "openapi",
        "merchant",
        "key",
        "payment",
        "payout",
        "ledger",
        "endpoint",
        "event",
        "delivery",
        "job",
        "incident",
    ];
    let silent: Vec<_> = commands
        .into_iter()
        .filter(|command| run(&[command, "--help"]).sound().lines().count() < 5)
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn no_colours_stand_in_a_pipe() {
    let plain = finish(&mut posthorn(&["contract", "show", "payqi"]), b"").sound();
    assert!(!plain.contains('\x1b'), "{plain}");
}
