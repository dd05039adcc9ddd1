//! The page, in Portuguese and in English.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use http::header;
use posthorn_core::incident::{Component, Progress, Standing};

use super::StatusOut;
use crate::html::escaped;

/// The only style: its hash stands in the policy.
const STYLE: &str = "body{font-family:system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1b1f24}\
main{max-width:44rem;margin:2rem auto;padding:0 1rem}section,article{background:#fff;border-radius:.75rem;\
padding:1rem 1.5rem;margin:1rem 0}h1{font-size:1.5rem}h2{font-size:1.1rem;margin:.25rem 0}ul{list-style:none;\
margin:0;padding:0}li{display:flex;justify-content:space-between;padding:.5rem 0}b::before{content:\"\\25CF \"}\
.operational{color:#1a7f37}.maintenance{color:#1a5fb4}.degraded{color:#9a6700}.outage{color:#a51d2d}\
time,small{color:#57606a}";
/// Nothing is loaded, run, embedded or sent anywhere.
const POLICY: &str = "default-src 'none'; style-src 'sha256-uWMCL1STkLdJLWXOmFEUNCLfBQJUVFyIb6IM8Ch+1Cg='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// After how many seconds an open page looks again.
const LOOKS_AGAIN_S: u32 = 30;

/// One language.
struct Words {
    language: &'static str,
    title: &'static str,
    standing: fn(Standing) -> &'static str,
    component: fn(Component) -> &'static str,
    progress: fn(Progress) -> &'static str,
    all_well: &'static str,
    not_well: &'static str,
    waiting: &'static str,
    oldest: &'static str,
    incidents: &'static str,
    none: &'static str,
    seen: &'static str,
}

const PORTUGUESE: Words = Words {
    language: "pt-BR",
    title: "Situação do serviço",
    standing: |standing| match standing {
        Standing::Operational => "funcionando",
        Standing::Maintenance => "em manutenção",
        Standing::Degraded => "instável",
        Standing::Outage => "fora do ar",
    },
    component: |component| match component {
        Component::Api => "API",
        Component::Database => "Banco de dados",
        Component::Deliveries => "Entrega de webhooks",
        Component::Payments => "Pagamentos",
    },
    progress: |progress| match progress {
        Progress::Investigating => "Investigando",
        Progress::Identified => "Causa identificada",
        Progress::Monitoring => "Acompanhando",
        Progress::Resolved => "Resolvido",
    },
    all_well: "Tudo funcionando",
    not_well: "Há algo fora do normal",
    waiting: "Entregas à espera",
    oldest: "A mais antiga espera há",
    incidents: "Incidentes",
    none: "Nenhum nos últimos sete dias",
    seen: "Visto em",
};

const ENGLISH: Words = Words {
    language: "en",
    title: "Service status",
    standing: |standing| match standing {
        Standing::Operational => "operational",
        Standing::Maintenance => "under maintenance",
        Standing::Degraded => "degraded",
        Standing::Outage => "out of order",
    },
    component: |component| match component {
        Component::Api => "API",
        Component::Database => "Database",
        Component::Deliveries => "Webhook deliveries",
        Component::Payments => "Payments",
    },
    progress: |progress| match progress {
        Progress::Investigating => "Investigating",
        Progress::Identified => "Cause identified",
        Progress::Monitoring => "Monitoring",
        Progress::Resolved => "Resolved",
    },
    all_well: "All systems operational",
    not_well: "Something is not as it should be",
    waiting: "Deliveries that wait",
    oldest: "The oldest has waited for",
    incidents: "Incidents",
    none: "None in the last seven days",
    seen: "Seen at",
};

/// The page, in English for whoever asks for that first.
pub(super) fn of(seen: &StatusOut, language: Option<&str>) -> Response {
    let first = language.unwrap_or_default().trim_start().to_ascii_lowercase();
    let words = if first.starts_with("pt") { &PORTUGUESE } else { &ENGLISH };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_LANGUAGE, words.language),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, document(words, seen)).into_response()
}

fn document(words: &Words, seen: &StatusOut) -> String {
    let Words { language, title, .. } = words;
    let whole = if seen.status == Standing::Operational { words.all_well } else { words.not_well };
    let class = seen.status.name();
    let mut page = format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"refresh\" content=\"{LOOKS_AGAIN_S}\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><main><h1>{title}</h1><section><h2><b class=\"{class}\">{whole}</b></h2><ul>"
    );
    for component in &seen.components {
        let (name, standing) = (words.component, words.standing);
        let (name, word) = (name(component.name), standing(component.status));
        let class = component.status.name();
        let _infallible = write!(page, "<li>{name}<b class=\"{class}\">{word}</b></li>");
    }
    let (waiting, oldest) = (seen.queue.waiting, lasting(seen.queue.oldest_seconds));
    let _infallible = write!(
        page,
        "<li>{}<span>{waiting}</span></li><li>{}<span>{oldest}</span></li></ul></section><h1>{}</h1>",
        words.waiting, words.oldest, words.incidents
    );
    if seen.incidents.is_empty() {
        let _infallible = write!(page, "<section>{}</section>", words.none);
    }
    for incident in &seen.incidents {
        write_incident(&mut page, words, incident);
    }
    let at = minute(&seen.at);
    let _infallible =
        write!(page, "<p><small>{} <time>{at}</time></small></p></main></body></html>", words.seen);
    page
}

fn write_incident(page: &mut String, words: &Words, incident: &super::IncidentOut) {
    let (progress, component) = (words.progress, words.component);
    let affected: Vec<_> = incident.components.iter().map(|one| component(*one)).collect();
    let over = incident.resolved.is_some();
    let class = if over { Standing::Operational } else { incident.impact }.name();
    let _infallible = write!(
        page,
        "<article><h2><b class=\"{class}\">{}</b></h2><small>{}</small>",
        escaped(&incident.title),
        affected.join(", ")
    );
    for notice in incident.notices.iter().rev() {
        let (at, how) = (minute(&notice.at), progress(notice.status));
        let text = escaped(&notice.text).replace('\n', "<br>");
        let _infallible = write!(page, "<p><strong>{how}</strong> <time>{at}</time><br>{text}</p>");
    }
    page.push_str("</article>");
}

/// `2026-11-23 16:28 UTC`.
fn minute(at: &crate::time::Timestamp) -> String {
    at.0.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `2 h 5 min`, `40 s`.
fn lasting(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, _) => format!("{minutes} min"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, hours, ..) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_policy_lets_the_one_style_in() {
        let hash = BASE64.encode(&Sha256::digest(STYLE));
        assert!(POLICY.contains(&format!("'sha256-{hash}'")), "{hash}");
    }

    #[test]
    fn a_wait_is_told_as_people_tell_it() {
        assert_eq!(
            [0, 59, 60, 3_600, 90_061].map(lasting),
            ["0 s", "59 s", "1 min", "1 h 0 min", "1 d 1 h"]
        );
    }
}
