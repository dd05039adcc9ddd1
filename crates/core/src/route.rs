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
