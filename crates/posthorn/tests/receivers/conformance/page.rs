//! One guide's requests, as a shell sends them, and what came of each.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use super::template::difference;
use crate::posthorn::{ADMIN_KEY, Posthorn};
use crate::program::Program;

/// A guide's page of the table, and the sandbox that it is seen on.
pub(crate) struct Page {
    title: String,
    /// What stands for `$NAME` in a command.
    names: Vec<(&'static str, String)>,
    rows: Vec<String>,
    heard: Vec<String>,
    _server: Posthorn,
}

impl Page {
    /// A fresh sandbox with the guide's API at its root, where it prints one, and a merchant of its own.
    pub(crate) fn open(title: &str, contract: &str, prints_an_api: bool) -> Self {
        let root = [("POSTHORN_CONTRACT", contract)];
        let server = Posthorn::start_with(if prints_an_api { &root } else { &[] });
        let base = server.base.clone();
        let native = format!("{base}{}", if prints_an_api { "/native" } else { "" });
        let mut page = Self {
            title: title.to_owned(),
            names: vec![("BASE", base), ("NATIVE", native), ("ADMIN", ADMIN_KEY.to_owned())],
            rows: Vec::new(),
            heard: Vec::new(),
            _server: server,
        };
        let made = page.quietly(&format!(
            r#"$NATIVE/v1/merchants -H "Authorization: Bearer $ADMIN" -H 'Content-Type: application/json' -d '{{"name": "Loja", "contract": "{contract}", "reference": "clinic_xyz"}}'"#
        ));
        for (name, key) in [
            ("KEY", "api_key"),
            ("SECRET", "api_secret"),
            ("WEBHOOK_SECRET", "webhook_secret"),
            ("PUBLISHABLE", "publishable_key"),
        ] {
            let value = made.pointer(&format!("/keys/test/{key}")).and_then(Value::as_str);
            page.call(name, value.expect("a merchant has keys"));
        }
        page
    }

    /// Gives a value a name for later commands.
    pub(crate) fn call(&mut self, name: &'static str, value: &str) {
        self.names.retain(|(other, _)| *other != name);
        self.names.push((name, value.to_owned()));
    }

    /// What a name stands for.
    pub(crate) fn value(&self, name: &str) -> String {
        let found = self.names.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| value.clone()).expect("a name that was given")
    }

    /// Adds to the last row what was seen later.
    pub(crate) fn note(&mut self, seen: &str) {
        if let Some(row) = self.rows.last_mut() {
            row.truncate(row.len() - " |".len());
            let _infallible = write!(row, "; {seen} |");
        }
    }

    /// Sends what the guide prints (the arguments of curl), and holds the answer against its template; `null` where the guide
    /// says no more than that it is done.
    pub(crate) fn asks(
        &mut self,
        section: &str,
        command: &str,
        status: u16,
        template: &Value,
    ) -> Value {
        let (code, got) = self.curl(command);
        assert_eq!(code, status, "{section}: curl {command}\n{got:#}");
        let compared = (!template.is_null()).then(|| difference(template, &got, "")).flatten();
        if let Some(difference) = compared {
            panic!("{section}: curl {command}\n{difference}\n{got:#}");
        }
        let answer = if template.is_null() { String::new() } else { format!(" `{template}`") };
        self.rows.push(format!("| {section} | `curl {command}` | {code}{answer} |"));
        got
    }

    /// Sends what the guide does not print, to get on.
    pub(crate) fn quietly(&self, command: &str) -> Value {
        let (code, got) = self.curl(command);
        assert!((200..300).contains(&code), "{code}: curl {command}\n{got:#}");
        got
    }

    /// Lets the sandbox's time pass.
    pub(crate) fn advance(&self, by: &str) {
        self.natively("sandbox/clock", &json!({"advance": by}));
    }

    /// Makes something happen to a payment at its simulated provider.
    pub(crate) fn force(&self, payment: &str, outcome: &str) {
        self.natively(&format!("payments/{payment}/force"), &json!({"outcome": outcome}));
    }

    /// A POST on the native API.
    pub(crate) fn natively(&self, path: &str, body: &Value) -> Value {
        self.quietly(&format!(
            r#"$NATIVE/v1/{path} -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' -d '{body}'"#
        ))
    }

    /// The next webhooks are of these types, in whatever order, and genuine to the guide's verifier.
    pub(crate) fn hears(&mut self, who: &str, program: &mut Program, types: &[&str]) {
        let mut heard = Vec::new();
        for _ in types {
            let verdict = program.verdict();
            assert!(verdict.genuine, "{who} refuses {verdict:?}; so far {heard:?}");
            heard.push(verdict.kind.expect("every webhook names its type"));
        }
        heard.sort_unstable();
        let mut wanted: Vec<_> = types.iter().map(|kind| (*kind).to_owned()).collect();
        wanted.sort_unstable();
        assert_eq!(heard, wanted, "{who}");
        for kind in types {
            let row = format!("| `{kind}` | {who} |");
            if !self.heard.contains(&row) {
                self.heard.push(row);
            }
        }
    }

    /// As the document has it.
    pub(crate) fn printed(&self) -> String {
        let mut text = format!("### {}\n\n", self.title);
        if !self.rows.is_empty() {
            text.push_str("| section | request | answer |\n|---|---|---|\n");
        }
        for row in &self.rows {
            let _infallible = writeln!(text, "{row}");
        }
        text.push_str("\n| webhook | genuine to |\n|---|---|\n");
        for row in &self.heard {
            let _infallible = writeln!(text, "{row}");
        }
        text
    }

    /// Sends a command; the status and the answer, if it is JSON.
    pub(crate) fn curl(&self, command: &str) -> (u16, Value) {
        let mut sh = Command::new("sh");
        sh.arg("-c").arg(format!("curl -sS -w '\\n%{{http_code}}' {command}"));
        let done = sh.envs(self.names.iter().map(|(name, value)| (*name, value))).output();
        let done = done.expect("a shell; `./x test` installs curl");
        let said = String::from_utf8_lossy(&done.stdout);
        let (body, code) = said
            .rsplit_once('\n')
            .unwrap_or_else(|| panic!("curl {command}: {}", String::from_utf8_lossy(&done.stderr)));
        (code.parse().expect("a status"), serde_json::from_str(body).unwrap_or_default())
    }
}
