//! What a start-up asks, with thousands of endpoints: as few statements as with one.

use rusqlite::{Connection, StatementStatus};

use super::open;
use crate::{statements, verbs::merchants};
use futures::executor::block_on;

const ENDPOINTS: i64 = 3000;

fn crowded() -> Connection {
    let db = open::memory().unwrap();
    let settings = r#"{"url":"https://example.com/","events":["*"]}"#;
    let all = "with recursive n(id) as (select 1 union all select id + 1 from n where id < ?1)";
    for sql in [
        format!(
            "{all} insert into endpoints(id, merchant, mode, version, created)
                 select id, 1, 0, 1, 0 from n"
        ),
        format!("{all} insert into endpoint_versions select id, 1, 0, '{settings}' from n"),
        format!(
            "{all} insert into secrets(endpoint, sealed, created, until)
                 select id, x'0101010102', 10, 90 from n"
        ),
        format!(
            "{all} insert into secrets(endpoint, sealed, created) select id, x'0101010103', 20 from n"
        ),
    ] {
        db.execute(&sql, [ENDPOINTS]).unwrap();
    }
    db
}

fn runs(db: &Connection, sql: &str) -> i32 {
    db.prepare_cached(sql).unwrap().get_status(StatementStatus::Run)
}

#[test]
fn the_directory_of_thousands_of_endpoints_is_three_statements() {
    let db = crowded();
    let directory = block_on(merchants::directory(&db)).unwrap();
    assert_eq!(directory.endpoints.len(), 3000);
    for endpoint in &directory.endpoints {
        let secrets: Vec<_> = endpoint.secrets.iter().map(|one| one.sealed.bytes[0]).collect();
        assert_eq!(secrets, [3, 2], "the current one first, then the one before");
    }
    for statement in [statements::MERCHANTS, statements::ENDPOINTS, statements::SECRETS_SIGNING_ALL]
    {
        assert_eq!(runs(&db, statement.sqlite), 1, "{}", statement.name);
    }
    assert_eq!(runs(&db, statements::SECRETS_SIGNING.sqlite), 0, "none is asked by itself");
}
