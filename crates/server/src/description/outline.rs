//! The document as people read it: sections of operations, and the shapes they name.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::OpenApi;

/// The whole document.
pub(super) struct Outline {
    pub(super) title: String,
    pub(super) introduction: String,
    pub(super) sections: Vec<Section>,
    pub(super) shapes: Vec<Shape>,
}

/// The operations of one resource.
pub(super) struct Section {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) operations: Vec<Operation>,
}

/// One operation.
pub(super) struct Operation {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) key: &'static str,
    pub(super) parameters: Vec<Field>,
    pub(super) body: Option<String>,
    pub(super) answers: Vec<Response>,
}

/// What an operation answers when all is well.
pub(super) struct Response {
    pub(super) status: String,
    pub(super) description: String,
    pub(super) shape: Option<String>,
}

/// A named object.
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) fields: Vec<Field>,
}

/// A member or a parameter.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) required: bool,
    pub(super) description: String,
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

pub(super) fn outline(document: &OpenApi) -> Outline {
    let value = serde_json::to_value(document).unwrap_or_default();
    let schemas = value.pointer("/components/schemas").cloned().unwrap_or_default();
    let mut by_tag: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
    for (path, item) in members(&value, "paths") {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let tag = operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default();
            let operation = read_operation(method, path, operation, &value);
            by_tag.entry(tag.to_owned()).or_default().push(operation);
        }
    }
    let sections = elements(&value, "tags").map(|tag| Section {
        operations: by_tag.remove(&text(tag, "name")).unwrap_or_default(),
        name: text(tag, "name"),
        description: text(tag, "description"),
    });
    let sections = sections.collect();
    let shapes = schemas.as_object().into_iter().flatten().map(|(name, schema)| Shape {
        name: name.clone(),
        description: text(schema, "description"),
        fields: fields(schema, &schemas),
    });
    let info = value.get("info").cloned().unwrap_or_default();
    Outline {
        title: text(&info, "title"),
        introduction: text(&info, "description"),
        sections,
        shapes: shapes.filter(|shape| !shape.name.starts_with("Listed_")).collect(),
    }
}

fn read_operation(method: &str, path: &str, operation: &Value, document: &Value) -> Operation {
    let resolved = |parameter| resolve(parameter, document);
    let parameters = elements(operation, "parameters").map(resolved).map(|parameter| Field {
        name: text(parameter, "name"),
        kind: format!("{}, {}", text(parameter, "in"), kind(parameter.get("schema"))),
        required: flag(parameter, "required"),
        description: text(parameter, "description"),
    });
    let answers = members(operation, "responses").filter(|(status, _)| status.starts_with('2'));
    let answers = answers.map(|(status, response)| Response {
        status: status.clone(),
        description: text(response, "description"),
        shape: content(response).map(|schema| kind(Some(schema))),
    });
    let security: Vec<&str> = elements(operation, "security")
        .filter_map(|one| one.as_object()?.keys().next().map(String::as_str))
        .collect();
    let key = match security.as_slice() {
        ["operator"] => "admin key",
        ["merchant"] => "merchant's key",
        [] => "no key",
        _ => "any key",
    };
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(operation, "summary"),
        description: text(operation, "description"),
        key,
        parameters: parameters.collect(),
        body: operation.get("requestBody").and_then(content).map(|schema| kind(Some(schema))),
        answers: answers.collect(),
    }
}

/// What a value refers to, or the value itself.
fn resolve<'v>(value: &'v Value, document: &'v Value) -> &'v Value {
    let reference = value.get("$ref").and_then(Value::as_str);
    let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// The schema of the first content type.
fn content(holder: &Value) -> Option<&Value> {
    members(holder, "content").next().and_then(|(_, content)| content.get("schema"))
}

/// What a schema is, in a word or two.
fn kind(schema: Option<&Value>) -> String {
    let Some(schema) = schema else { return "anything".to_owned() };
    if let Some(name) = reference(schema) {
        return match name.strip_prefix("Listed_") {
            Some(row) => format!("page of {row}"),
            None => name.to_owned(),
        };
    }
    if let Some(one_of) = schema.get("oneOf").and_then(Value::as_array) {
        let kinds: Vec<String> = one_of.iter().map(|schema| kind(Some(schema))).collect();
        return kinds.join(" or ");
    }
    match schema.get("type") {
        Some(Value::String(name)) => named(name, schema),
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str);
            let names: Vec<String> = names.map(|name| named(name, schema)).collect();
            names.join(" or ")
        }
        _ => "object".to_owned(),
    }
}

fn named(name: &str, schema: &Value) -> String {
    match (name, schema.get("format").and_then(Value::as_str)) {
        ("array", _) => format!("array of {}", kind(schema.get("items"))),
        ("string", Some("date-time")) => "time".to_owned(),
        _ => name.to_owned(),
    }
}

fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

/// The members of an object, those of its parts first.
fn fields(schema: &Value, schemas: &Value) -> Vec<Field> {
    let mut all = Vec::new();
    for part in elements(schema, "allOf") {
        match reference(part).and_then(|name| schemas.get(name)) {
            Some(named) => all.extend(fields(named, schemas)),
            None => all.extend(fields(part, schemas)),
        }
    }
    let required: Vec<&str> = elements(schema, "required").filter_map(Value::as_str).collect();
    all.extend(members(schema, "properties").map(|(name, property)| Field {
        name: name.clone(),
        kind: kind(Some(property)),
        required: required.contains(&name.as_str()),
        description: text(property, "description"),
    }));
    for (at, one) in elements(schema, "oneOf").enumerate() {
        let name = format!("({})", at + 1);
        let described = text(one, "description");
        let (kind, required) = (kind(Some(one)), false);
        all.push(Field { name, kind, required, description: described });
    }
    all
}

fn members<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value.get(name).and_then(Value::as_object).into_iter().flatten()
}

fn elements<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or_default()
}
