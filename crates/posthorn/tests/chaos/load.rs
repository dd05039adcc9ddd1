//! Clients that send events as fast as they are answered, and again, with the same key, whatever was not answered.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

use crate::board::Board;

/// How much is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weight {
    /// Clients of one server.
    clients: usize,
    /// Bytes of an event, about.
    bytes: usize,
}

/// As usual.
pub(crate) const LIGHT: Weight = Weight { clients: 4, bytes: 400 };
/// More at once than may wait for the disk.
pub(crate) const HEAVY: Weight = Weight { clients: 160, bytes: 900_000 };
/// How long a client waits before it tries again what was refused or not answered.
const AGAIN: Duration = Duration::from_millis(3);
/// How long a client waits for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// Clients at work; they end with this value.
pub(crate) struct Load {
    board: Arc<Board>,
    clients: Vec<JoinHandle<()>>,
}

/// What came of a request.
enum Said {
    /// It is accepted, under this id.
    Accepted(String),
    /// No answer came.
    Again,
    /// Not now.
    Refused(String),
    /// What no client should be told.
    Wrong(String),
}

impl Load {
    /// Sets them to work on these servers, as a merchant.
    pub(crate) fn begin(board: &Arc<Board>, bases: &[String], key: &str, weight: Weight) -> Self {
        board.known().stopped = false;
        let clients = (0..weight.clients * bases.len())
            .map(|turn| {
                let (board, bases, key) = (Arc::clone(board), bases.to_vec(), key.to_owned());
                let filling = "x".repeat(weight.bytes);
                std::thread::spawn(move || work(&board, &bases, (&key, &filling), turn))
            })
            .collect();
        Self { board: Arc::clone(board), clients }
    }

    /// They end; what was not answered stays open.
    pub(crate) fn end(self) {
        self.board.known().stopped = true;
        self.join();
    }

    /// They send nothing new, and end when everything was answered.
    pub(crate) fn finish(self) {
        self.board.known().closing = true;
        self.join();
    }

    fn join(mut self) {
        for client in self.clients.drain(..) {
            client.join().expect("a client ends");
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.board.known().stopped = true;
    }
}

fn work(board: &Board, bases: &[String], as_who: (&str, &str), mut turn: usize) {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(ANSWER_WITHIN))
        .build();
    let agent = Agent::new_with_config(config);
    loop {
        let Some(seq) = board.known().take() else { return };
        let base = bases.get(turn % bases.len()).expect("there is one");
        let said = send(&agent, base, as_who, seq);
        let mut known = board.known();
        match said {
            Said::Accepted(id) => {
                known.answered.insert(seq, id);
                continue;
            }
            Said::Again => {}
            Said::Refused(code) => *known.refused.entry(code).or_default() += 1,
            Said::Wrong(answer) => known.faults.push(format!("event {seq} was answered {answer}")),
        }
        known.open.push(seq);
        drop(known);
        turn += 1;
        board.until(AGAIN, |known| known.stopped);
    }
}

fn send(agent: &Agent, base: &str, (key, filling): (&str, &str), seq: u64) -> Said {
    let body = json!({"type": "order.paid", "data": {"seq": seq, "filling": filling}});
    let sent = agent
        .post(format!("{base}/v1/events"))
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .header("idempotency-key", format!("event-{seq}"))
        .send(body.to_string());
    let Ok(mut answer) = sent else { return Said::Again };
    let status = answer.status().as_u16();
    let waits = answer.headers().contains_key("retry-after");
    let Ok(text) = answer.body_mut().read_to_string() else { return Said::Again };
    let told: Value = serde_json::from_str(&text).unwrap_or_default();
    match (status, told.get("id").and_then(Value::as_str)) {
        (202, Some(id)) => Said::Accepted(id.to_owned()),
        // Busy, stopping, no room; or the same request is still being answered.
        (503 | 429 | 409, _) if waits => {
            let code = told.get("code").and_then(Value::as_str);
            Said::Refused(code.unwrap_or("none").to_owned())
        }
        _ => Said::Wrong(format!("{status} {text}")),
    }
}
