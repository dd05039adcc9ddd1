//! The document as Markdown: what `docs/api.md` holds.

use std::fmt::Write;

use utoipa::openapi::OpenApi;

use super::outline::{Field, Operation, outline};
use crate::problem::Code;

const HEAD: &str =
    "<!-- Generated from the program; change the handlers, then run ./x gen. -->\n\n";

/// The whole page.
pub(crate) fn markdown(document: &OpenApi) -> String {
    let outline = outline(document);
    let mut page = HEAD.to_owned();
    let _infallible =
        write!(page, "# {}: the HTTP API\n\n{}\n", outline.title, outline.introduction);
    for section in &outline.sections {
        let _infallible = write!(page, "\n## {}\n\n{}\n", section.name, section.description);
        for operation in &section.operations {
            write_operation(&mut page, operation);
        }
    }
    page.push_str("\n## Shapes\n");
    for shape in &outline.shapes {
        let _infallible = write!(page, "\n### {}\n\n{}\n", shape.name, shape.description);
        write_fields(&mut page, "member", &shape.fields);
    }
    write_problems(&mut page);
    page
}

fn write_operation(page: &mut String, operation: &Operation) {
    let Operation { method, path, summary, description, .. } = operation;
    let _infallible = write!(page, "\n### `{method} {path}`\n\n{summary}");
    if !description.is_empty() {
        let _infallible = write!(page, "\n\n{description}");
    }
    let _infallible = write!(page, "\n\n*Key:* {}.", operation.key);
    if let Some(body) = &operation.body {
        let _infallible = write!(page, " *Body:* {}.", linked(body));
    }
    for answer in &operation.answers {
        let _infallible = write!(page, " *{}:* {}", answer.status, answer.description);
        if let Some(shape) = &answer.shape {
            let _infallible = write!(page, ", {}", linked(shape));
        }
        page.push('.');
    }
    page.push('\n');
    write_fields(page, "parameter", &operation.parameters);
}

fn write_fields(page: &mut String, what: &str, fields: &[Field]) {
    if fields.is_empty() {
        return;
    }
    let _infallible = write!(page, "\n| {what} | is | |\n|---|---|---|\n");
    for field in fields {
        let needed = if field.required { " (always)" } else { "" };
        let description = field.description.replace('\n', " ");
        let _infallible = writeln!(
            page,
            "| `{}` | {}{needed} | {description} |",
            field.name,
            linked(&field.kind)
        );
    }
}

fn write_problems(page: &mut String) {
    page.push_str(
        "\n## Problems\n\nEvery error is `application/problem+json` with these members: see \
         [Problem](#problem).\n\n| code | status | |\n|---|---|---|\n",
    );
    for code in Code::ALL {
        let about = code.about();
        let _infallible =
            writeln!(page, "| `{}` | {} | {} |", about.name, about.status, about.meaning);
    }
}

/// The names of shapes as links: they alone begin with a capital.
fn linked(kind: &str) -> String {
    let link = |word: &str| {
        let shape = word.chars().next().is_some_and(char::is_uppercase);
        if shape { format!("[{word}](#{})", word.to_lowercase()) } else { word.to_owned() }
    };
    kind.split(' ').map(link).collect::<Vec<_>>().join(" ")
}
