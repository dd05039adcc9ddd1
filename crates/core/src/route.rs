//! Routing: which endpoints get an event, and why the others do not.

use crate::endpoint::Endpoint;
use crate::event::EventType;
use crate::filter::Mismatch;
use crate::id::EndpointId;
use crate::json::Json;

/// What is decided about one endpoint.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// It gets the event.
    Send,
    /// It gets the event because the event was meant for it alone.
    SendOnly,
    /// None of its patterns matches the type.
    TypeNotWanted,
    /// Its filter does not match the data.
    FilteredOut(Mismatch),
    /// The event was meant for another endpoint alone.
    MeantForAnother(EndpointId),
}

impl Decision {
    /// Whether it gets the event.
    #[must_use]
    pub fn sends(&self) -> bool {
        matches!(self, Self::Send | Self::SendOnly)
    }
}

/// Whether `endpoint` gets an event of this type with this data. `only`: the one endpoint that the
/// event was meant for.
#[must_use]
pub fn decide(
    endpoint: &Endpoint,
    kind: &EventType,
    data: &Json,
    only: Option<EndpointId>,
) -> Decision {
    match only {
        Some(only) if only == endpoint.id => return Decision::SendOnly,
        Some(only) => return Decision::MeantForAnother(only),
        None => {}
    }
    if !endpoint.settings.events.iter().any(|pattern| pattern.matches(kind)) {
        return Decision::TypeNotWanted;
    }
    match &endpoint.settings.filter {
        None => Decision::Send,
        Some(filter) => match filter.explain(data) {
            Ok(()) => Decision::Send,
            Err(mismatch) => Decision::FilteredOut(mismatch),
        },
    }
}

/// The endpoints that get an event of this type with this data: [`decide`] without the reasons.
pub fn route<'a, E>(
    endpoints: E,
    kind: &EventType,
    data: &Json,
    only: Option<EndpointId>,
) -> Vec<&'a Endpoint>
where
    E: IntoIterator<Item = &'a Endpoint>,
{
    endpoints
        .into_iter()
        .filter(|endpoint| {
            if let Some(only) = only {
                return endpoint.id == only;
            }
            let settings = &endpoint.settings;
            settings.events.iter().any(|pattern| pattern.matches(kind))
                && settings.filter.as_ref().is_none_or(|filter| filter.matches(data))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{Settings, Status};
    use crate::event::Mode;
    use crate::filter::Filter;
    use crate::id::MerchantId;
    use crate::json::{self, Style};
    use jiff::Timestamp;

    fn endpoint(id: i64, pattern: &str, filter: Option<&str>) -> Endpoint {
        let filter =
            filter.map(|text| Filter::parse(&json::parse(text.as_bytes()).unwrap()).unwrap());
        let settings = Settings {
            url: "https://example.com/".parse().unwrap(),
            events: vec![pattern.parse().unwrap()],
            filter,
            description: None,
            headers: Vec::new(),
            contract: None,
            json: Style::Js,
            rate_limit: None,
            concurrency: None,
        };
        Endpoint {
            id: EndpointId::from_i64(id),
            merchant: MerchantId::from_i64(1),
            mode: Mode::Test,
            version: 1,
            settings,
            status: Status::Active,
            failing_since: None,
            secrets: Vec::new(),
            created: Timestamp::UNIX_EPOCH,
        }
    }

    fn audience() -> [Endpoint; 4] {
        [
            endpoint(1, "payment.*", None),
            endpoint(2, "payment.*", Some(r#"{"product.id": {"$in": ["prod_1"]}}"#)),
            endpoint(3, "order.paid", None),
            endpoint(4, "*", Some(r#"{"amount": {"$gte": 1000}}"#)),
        ]
    }

    #[test]
    fn type_and_filter_say_who_gets_an_event_and_a_test_event_goes_to_one_alone() {
        let ids = |data: &str, only| {
            let data = json::parse(data.as_bytes()).unwrap();
            let audience = audience();
            let routed = route(&audience, &"payment.confirmed".parse().unwrap(), &data, only);
            routed.iter().map(|endpoint| endpoint.id.as_i64()).collect::<Vec<_>>()
        };
        assert_eq!(ids(r#"{"product": {"id": "prod_1"}, "amount": 999}"#, None), [1, 2]);
        assert_eq!(ids(r#"{"product": {"id": "prod_9"}, "amount": 1000}"#, None), [1, 4]);
        assert_eq!(ids("{}", Some(EndpointId::from_i64(3))), [3]);
    }

    #[test]
    fn what_is_explained_is_what_was_routed() {
        let kinds = ["payment.confirmed", "order.paid", "posthorn.endpoint.paused", "payment"];
        let texts = ["{}", r#"{"product": {"id": "prod_1"}}"#, r#"{"amount": 1000}"#];
        let all = audience();
        for kind in kinds.map(|kind| kind.parse().unwrap()) {
            for data in texts.map(|text| json::parse(text.as_bytes()).unwrap()) {
                for only in [None, Some(EndpointId::from_i64(2))] {
                    let routed = route(&all, &kind, &data, only);
                    for endpoint in &all {
                        let sent = routed.iter().any(|one| one.id == endpoint.id);
                        let decision = decide(endpoint, &kind, &data, only);
                        assert_eq!(decision.sends(), sent, "{kind} to {:?}", endpoint.id);
                    }
                }
            }
        }
    }
}
