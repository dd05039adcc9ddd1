//! What all operations have in common, added to the document in one place: keys, idempotency,
//! paging, problems.

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi,
    OpenApiVersion, Ref, RefOr, Required, Response, ResponseBuilder, SecurityRequirement, Type,
};
use utoipa::{PartialSchema, openapi::tag::TagBuilder};

use crate::problem::ProblemDocument;

const TAGS: [(&str, &str); 13] = [
    ("merchants", "Integrators' accounts: the operator's side, with the admin key."),
    ("keys", "API keys: kept as keyed hashes, shown once, revoked at will."),
    ("payments", "Money that a payer owes: carried to a provider, and back."),
    (
        "shop",
        "What you sell, and to whom: customers, products, offers, and checkouts that are paid once.",
    ),
    ("payouts", "Money on its way to a merchant's bank or telephone."),
    ("ledger", "What moved between which accounts, and the proof that nothing is missing."),
    ("endpoints", "URLs that want some of a merchant's events."),
    ("events", "Facts, immutable: the 202 means that one is on disk."),
    ("deliveries", "Events on their way to endpoints, with every attempt."),
    ("jobs", "Work on many deliveries, durable and cancellable."),
    ("contracts", "The wire dialects that platforms have promised."),
    ("sandbox", "Test mode only: time travel, providers that misbehave, and following along."),
    ("operations", "Probes, metrics, and this description. No key."),
];

const DESCRIPTION: &str = "\
Payments in, signed webhooks out, in the wire format that a platform has already promised to its \
integrators.\n\n\
**Keys.** `Authorization: Bearer <key>`: a merchant's `sk_test_…` or `sk_live_…`, which also says the \
mode, or the operator's admin key for merchants and their keys.\n\n\
**Errors** are problem documents (RFC 9457) with a stable `code`.\n\n\
**Lists** are `{\"data\": […], \"next_cursor\": …}`; pass `next_cursor` as `cursor` with the same \
filters for the next page.\n\n\
**`Idempotency-Key`** on any POST: the same key with the same request is carried out once and answered \
alike, whatever has changed in between, with `Idempotent-Replayed: true`; what it made is shown as it is \
by then. With another request the key is refused. An API key, and the keys of a new merchant, are in the first answer alone; the secret that was \
made for an endpoint is in a repeated one too, until another takes its place. Keys are kept for seven \
days. Where a POST done twice does what it does once (`enable`, `disable`, `cancel`) or leaves nothing \
behind (`/v1/endpoints/test`), no key is kept.\n\n\
**`X-Request-Id`** is on every answer: yours, if you sent one, else one that was made.\n\n\
Durations are `90s`, `15m`, `6h`, `10d`. Times are RFC 3339, in UTC, and are \
answered with milliseconds, as in `2026-11-22T06:42:03.000Z`.";

/// Fills in what the handlers' annotations leave out.
pub(crate) fn complete(document: &mut OpenApi) {
    document.openapi = OpenApiVersion::Version31;
    document.info = InfoBuilder::new()
        .title("Posthorn")
        .version("v1")
        .description(Some(DESCRIPTION))
        .license(Some(
            LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build(),
        ))
        .build();
    let tag =
        |(name, description)| TagBuilder::new().name(name).description(Some(description)).build();
    document.tags = Some(TAGS.into_iter().map(tag).collect());
    complete_components(document.components.get_or_insert_with(Default::default));
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ] {
            if let Some(operation) = operation {
                complete_one(path, method, operation);
            }
        }
    }
}

fn complete_components(components: &mut Components) {
    components.schemas.insert("Problem".to_owned(), ProblemDocument::schema());
    for (_, name, description) in PROBLEMS {
        components.responses.insert(name.to_owned(), problem(description));
    }
    for (name, parameter) in common_parameters() {
        components.parameters.insert(name.to_owned(), parameter);
    }
    for (name, description) in [
        ("merchant", "A merchant's API key, `sk_test_…` or `sk_live_…`: it says the mode too."),
        ("operator", "The admin key."),
    ] {
        let scheme =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description));
        let scheme = RefOr::T(SecurityScheme::Http(scheme.build()));
        components.security_schemes.insert(name.to_owned(), scheme);
    }
}

fn complete_one(path: &str, method: &str, operation: &mut Operation) {
    operation.security = Some(keys_for(path));
    let mut parameters = operation.parameters.take().unwrap_or_default();
    if lists(operation) {
        parameters.extend([common("limit"), common("cursor")]);
    }
    if method == "post" {
        parameters.push(common("idempotency_key"));
    }
    operation.parameters = (!parameters.is_empty()).then_some(parameters);
    for (status, name, _) in PROBLEMS {
        if has_problem(status, path, method) {
            let reference = RefOr::Ref(Ref::from_response_name(name));
            operation.responses.responses.insert(status.to_owned(), reference);
        }
    }
}

fn keys_for(path: &str) -> Vec<SecurityRequirement> {
    const NO_SCOPES: [&str; 0] = [];
    let with = |name: &str| SecurityRequirement::new(name, NO_SCOPES);
    if path.starts_with("/v1/merchants") || path == "/v1/ledger/proof" {
        vec![with("operator")]
    } else if path.starts_with("/v1/contracts") {
        vec![with("merchant"), with("operator")]
    } else if path.starts_with("/v1/") {
        vec![with("merchant")]
    } else {
        Vec::new()
    }
}

/// Whether an operation answers a list page by page.
fn lists(operation: &Operation) -> bool {
    let unpaged = ["explain_event", "list_contracts"];
    let id = operation.operation_id.as_deref().unwrap_or_default();
    id.starts_with("list_") && !unpaged.contains(&id)
}

/// The problems that many operations have in common, by the name under which they stand in the
/// document.
const PROBLEMS: [(&str, &str, &str); 8] = [
    ("default", "Problem", "A problem; `code` says which"),
    ("400", "Unreadable", "The body or a parameter is not what the route takes"),
    ("401", "Unauthenticated", "No key, or one that is unknown or revoked"),
    ("403", "Forbidden", "A key of the wrong kind or mode"),
    ("404", "NotFound", "There is nothing by that id for this key"),
    ("409", "Conflict", "Not in this state, or its `Idempotency-Key` is in use"),
    ("413", "TooLarge", "The body is too large"),
    ("422", "Unusable", "Well formed, but not usable; `field` says what"),
];

/// Which of them an operation has.
fn has_problem(status: &str, path: &str, method: &str) -> bool {
    match status {
        "401" | "403" => path.starts_with("/v1/"),
        "404" => path.contains('{'),
        "400" | "413" | "422" => ["post", "put", "patch"].contains(&method),
        "409" => method == "post",
        _ => true,
    }
}

fn problem(description: &str) -> RefOr<Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description(description);
    RefOr::T(response.content("application/problem+json", content).build())
}

/// The parameters that many operations have in common.
fn common_parameters() -> [(&'static str, RefOr<Parameter>); 3] {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let cursor = "`next_cursor` of the page before, with the same filters";
    let key = "1 to 255 visible ASCII characters, such as a UUID";
    [
        ("limit", query("limit", "Rows on a page, 1 to 100; 50 when left out", integer())),
        ("cursor", query("cursor", cursor, text())),
        (
            "idempotency_key",
            parameter("Idempotency-Key", ParameterIn::Header, key, text().max_length(Some(255))),
        ),
    ]
}

fn common(name: &str) -> RefOr<Parameter> {
    RefOr::Ref(Ref::new(format!("#/components/parameters/{name}")))
}

fn query(name: &str, description: &str, schema: ObjectBuilder) -> RefOr<Parameter> {
    parameter(name, ParameterIn::Query, description, schema)
}

fn parameter(
    name: &str,
    place: ParameterIn,
    description: &str,
    schema: ObjectBuilder,
) -> RefOr<Parameter> {
    let parameter = ParameterBuilder::new().name(name).parameter_in(place);
    let parameter = parameter.required(Required::False).description(Some(description));
    RefOr::T(parameter.schema(Some(schema)).build())
}

fn integer() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
        .minimum(Some(1))
        .maximum(Some(100))
}
