//! Events as rows.

use posthorn_core::event::{About, Event, Mode, Payload};
use posthorn_core::id::{EndpointId, EventId, MerchantId};

use super::Place;
use crate::StoreError;

/// A row of `events`.
#[derive(Debug)]
pub(crate) struct EventRow {
    pub(crate) id: i64,
    pub(crate) merchant: i64,
    pub(crate) mode: i64,
    pub(crate) kind: String,
    pub(crate) at: i64,
    pub(crate) reference: Option<String>,
    pub(crate) only: Option<i64>,
    pub(crate) data: Vec<u8>,
    pub(crate) about: Option<String>,
}

impl EventRow {
    pub(crate) fn read(self) -> Result<Event, StoreError> {
        let place = Place { table: "events", row: self.id };
        let about = self.about.as_deref().map(serde_json::from_str::<About>).transpose();
        Ok(Event {
            id: EventId::from_i64(self.id),
            merchant: MerchantId::from_i64(self.merchant),
            mode: mode(place, self.mode)?,
            kind: self.kind.parse().map_err(|_| place.corrupt("kind"))?,
            at: place.time("at", self.at)?,
            reference: self.reference,
            only: self.only.map(EndpointId::from_i64),
            data: Payload::from_canonical(self.data.into()),
            about: about.map_err(|_| place.corrupt("about"))?.map(Box::new),
        })
    }
}

/// What stands for what an event is about.
pub(crate) fn about_text(event: &Event) -> Option<String> {
    let about = event.about.as_deref()?;
    Some(serde_json::to_string(about).expect("numbers and texts are JSON"))
}

/// The stored number of a mode.
pub(crate) fn mode_code(mode: Mode) -> i64 {
    match mode {
        Mode::Test => 0,
        Mode::Live => 1,
    }
}

/// The mode of a stored number.
pub(crate) fn mode(place: Place, code: i64) -> Result<Mode, StoreError> {
    match code {
        0 => Ok(Mode::Test),
        1 => Ok(Mode::Live),
        _ => Err(place.corrupt("mode")),
    }
}
