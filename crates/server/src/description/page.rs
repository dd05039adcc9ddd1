//! The document as one page of HTML that needs nothing from anywhere.

use std::fmt::Write;

use utoipa::openapi::OpenApi;

use super::outline::{Field, Operation, Outline, outline};
use crate::html::escaped;
use crate::problem::Code;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--faint:#8882;--link:#2563eb}\
body{font:16px/1.55 system-ui,sans-serif;margin:0 auto;max-width:62rem;padding:1.5rem}\
nav a{margin-right:1rem}a{color:var(--link)}\
h2{border-top:1px solid var(--line);margin-top:3rem;padding-top:1rem;text-transform:capitalize}\
h3{font-size:1.05rem;margin-top:2rem}\
code{background:var(--faint);border-radius:4px;font-size:.92em;padding:.1em .3em;overflow-wrap:anywhere}\
table{border-collapse:collapse;display:block;overflow-x:auto}\
td,th{border:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}\
.verb{font-weight:700;margin-right:.5rem}";

/// The whole page.
pub(super) fn page(document: &OpenApi) -> String {
    let outline = outline(document);
    let mut html =
        String::from("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    html.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    let title = escaped(&outline.title);
    let _infallible =
        write!(html, "<title>{title}: the HTTP API</title><style>{STYLE}</style></head><body>");
    let _infallible = write!(html, "<header><h1>{title}: the HTTP API</h1>");
    for paragraph in outline.introduction.split("\n\n") {
        let _infallible = write!(html, "<p>{}</p>", inline(paragraph));
    }
    write_contents(&mut html, &outline);
    html.push_str("</header><main>");
    for section in &outline.sections {
        let name = escaped(&section.name);
        let described = inline(&section.description);
        let _infallible = write!(html, "<section id=\"{name}\"><h2>{name}</h2><p>{described}</p>");
        for operation in &section.operations {
            write_operation(&mut html, operation);
        }
        html.push_str("</section>");
    }
    write_shapes(&mut html, &outline);
    write_problems(&mut html);
    html.push_str("</main></body></html>\n");
    html
}

fn write_contents(html: &mut String, outline: &Outline) {
    html.push_str("<nav aria-label=\"Contents\">");
    let names = outline.sections.iter().map(|section| section.name.as_str());
    for name in names.chain(["shapes", "problems"]) {
        let _infallible = write!(html, "<a href=\"#{name}\">{name}</a>");
    }
    html.push_str("<a href=\"/openapi.json\">openapi.json</a></nav>");
}

fn write_operation(html: &mut String, operation: &Operation) {
    let (method, path) = (escaped(&operation.method), escaped(&operation.path));
    let _infallible = write!(
        html,
        "<article><h3><span class=\"verb\">{method}</span><code>{path}</code></h3><p>{}</p>",
        inline(&operation.summary)
    );
    if !operation.description.is_empty() {
        let _infallible = write!(html, "<p>{}</p>", inline(&operation.description));
    }
    let _infallible = write!(html, "<p>Key: {}.", escaped(operation.key));
    if let Some(body) = &operation.body {
        let _infallible = write!(html, " Body: {}.", linked(body));
    }
    for answer in &operation.answers {
        let described = inline(&answer.description);
        let _infallible = write!(html, " {}: {described}", escaped(&answer.status));
        if let Some(shape) = &answer.shape {
            let _infallible = write!(html, ", {}", linked(shape));
        }
        html.push('.');
    }
    html.push_str("</p>");
    write_fields(html, "Parameter", &operation.parameters);
    html.push_str("</article>");
}

fn write_fields(html: &mut String, what: &str, fields: &[Field]) {
    if fields.is_empty() {
        return;
    }
    let _infallible = write!(html, "<table><tr><th>{what}</th><th>Is</th><th></th></tr>");
    for field in fields {
        let needed = if field.required { " (always)" } else { "" };
        let _infallible = write!(
            html,
            "<tr><td><code>{}</code></td><td>{}{needed}</td><td>{}</td></tr>",
            escaped(&field.name),
            linked(&field.kind),
            inline(&field.description)
        );
    }
    html.push_str("</table>");
}

fn write_shapes(html: &mut String, outline: &Outline) {
    html.push_str("<section id=\"shapes\"><h2>Shapes</h2>");
    for shape in &outline.shapes {
        let name = escaped(&shape.name);
        let described = inline(&shape.description);
        let _infallible =
            write!(html, "<article id=\"shape-{name}\"><h3>{name}</h3><p>{described}</p>");
        write_fields(html, "Member", &shape.fields);
        html.push_str("</article>");
    }
    html.push_str("</section>");
}

fn write_problems(html: &mut String) {
    html.push_str(
        "<section id=\"problems\"><h2>Problems</h2><table><tr><th>Code</th><th>Status</th><th></th></tr>",
    );
    for code in Code::ALL {
        let about = code.about();
        let meaning = inline(about.meaning);
        let _infallible = write!(
            html,
            "<tr><td><code>{}</code></td><td>{}</td><td>{meaning}</td></tr>",
            about.name, about.status
        );
    }
    html.push_str("</table></section>");
}

/// The names of shapes as links: they alone begin with a capital.
fn linked(kind: &str) -> String {
    let link = |word: &str| {
        let shape = word.chars().next().is_some_and(char::is_uppercase);
        let word = escaped(word);
        if shape { format!("<a href=\"#shape-{word}\">{word}</a>") } else { word }
    };
    kind.split(' ').map(link).collect::<Vec<_>>().join(" ")
}

/// Text with its backticks as code and its double stars as strong.
fn inline(text: &str) -> String {
    let mut html = String::new();
    for (at, part) in escaped(text).split('`').enumerate() {
        if at % 2 == 1 {
            let _infallible = write!(html, "<code>{part}</code>");
        } else {
            html.push_str(part);
        }
    }
    let mut strong = String::new();
    for (at, part) in html.split("**").enumerate() {
        strong.push_str(if at == 0 {
            ""
        } else if at % 2 == 1 {
            "<strong>"
        } else {
            "</strong>"
        });
        strong.push_str(part);
    }
    strong
}
