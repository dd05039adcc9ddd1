//! Endpoints, their versions and their secrets as rows.

use jiff::Timestamp;
use posthorn_core::endpoint::{DisabledWhy, Endpoint, EndpointSecret, Settings, Status};
use posthorn_core::id::{EndpointId, MerchantId, SecretId};

use super::{Place, mode, ms};
use crate::StoreError;

/// A row of `endpoints` with the settings of its current version.
#[derive(Debug)]
pub(crate) struct EndpointRow {
    pub(crate) id: i64,
    pub(crate) merchant: i64,
    pub(crate) mode: i64,
    pub(crate) version: i64,
    pub(crate) settings: String,
    pub(crate) status: StatusColumns,
    pub(crate) failing_since: Option<i64>,
    pub(crate) created: i64,
}

/// A status as columns: `status`, `since`, `why`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StatusColumns {
    pub(crate) status: i64,
    pub(crate) since: Option<i64>,
    pub(crate) why: Option<i64>,
}

/// A row of `secrets`.
#[derive(Debug)]
pub(crate) struct SecretRow {
    pub(crate) id: i64,
    pub(crate) sealed: Vec<u8>,
    pub(crate) created: i64,
    pub(crate) until: Option<i64>,
}

/// A row of `endpoint_versions`.
#[derive(Debug)]
pub(crate) struct VersionRow {
    pub(crate) endpoint: i64,
    pub(crate) version: i64,
    pub(crate) at: i64,
    pub(crate) settings: String,
}

impl EndpointRow {
    pub(crate) fn read(self, secrets: Vec<EndpointSecret>) -> Result<Endpoint, StoreError> {
        let place = Place { table: "endpoints", row: self.id };
        Ok(Endpoint {
            id: EndpointId::from_i64(self.id),
            merchant: MerchantId::from_i64(self.merchant),
            mode: mode(place, self.mode)?,
            version: place.count("version", self.version)?,
            settings: settings(self.id, &self.settings)?,
            status: self.status.read(place)?,
            failing_since: place.maybe_time("failing_since", self.failing_since)?,
            secrets,
            created: place.time("created", self.created)?,
        })
    }
}

impl VersionRow {
    pub(crate) fn read(self) -> Result<(u32, Timestamp, Settings), StoreError> {
        let place = Place { table: "endpoint_versions", row: self.endpoint };
        let version = place.count("version", self.version)?;
        Ok((version, place.time("at", self.at)?, settings(self.endpoint, &self.settings)?))
    }
}

impl SecretRow {
    pub(crate) fn read(self) -> Result<EndpointSecret, StoreError> {
        let place = Place { table: "secrets", row: self.id };
        Ok(EndpointSecret {
            id: SecretId::from_i64(self.id),
            sealed: place.sealed("sealed", &self.sealed)?,
            created: place.time("created", self.created)?,
            until: place.maybe_time("until", self.until)?,
        })
    }
}

fn settings(endpoint: i64, json: &str) -> Result<Settings, StoreError> {
    let place = Place { table: "endpoint_versions", row: endpoint };
    serde_json::from_str(json).map_err(|_| place.corrupt("settings"))
}

impl StatusColumns {
    pub(crate) fn read(self, place: Place) -> Result<Status, StoreError> {
        let since = || {
            let ms = self.since.ok_or_else(|| place.corrupt("since"))?;
            place.time("since", ms)
        };
        match self.status {
            0 => Ok(Status::Active),
            1 => Ok(Status::Draining { since: since()? }),
            2 => Ok(Status::Paused { since: since()? }),
            3 => {
                let why = match self.why {
                    Some(0) => DisabledWhy::Requested,
                    Some(1) => DisabledWhy::Gone,
                    Some(_) | None => return Err(place.corrupt("why")),
                };
                Ok(Status::Disabled { since: since()?, why })
            }
            _ => Err(place.corrupt("status")),
        }
    }
}

/// The columns of a status.
pub(crate) fn status_columns(status: Status) -> StatusColumns {
    let (status, since, why) = match status {
        Status::Active => (0, None, None),
        Status::Draining { since } => (1, Some(since), None),
        Status::Paused { since } => (2, Some(since), None),
        Status::Disabled { since, why: DisabledWhy::Requested } => (3, Some(since), Some(0)),
        Status::Disabled { since, why: DisabledWhy::Gone } => (3, Some(since), Some(1)),
    };
    StatusColumns { status, since: since.map(ms), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place { table: "endpoints", row: 1 };

    #[test]
    fn every_status_comes_back_from_its_columns() {
        let since = Timestamp::from_second(1_800_000_000).unwrap();
        let statuses = [
            Status::Active,
            Status::Draining { since },
            Status::Paused { since },
            Status::Disabled { since, why: DisabledWhy::Requested },
            Status::Disabled { since, why: DisabledWhy::Gone },
        ];
        for status in statuses {
            assert_eq!(status_columns(status).read(PLACE), Ok(status));
        }
    }

    #[test]
    fn a_status_without_its_time_is_corrupt() {
        let paused = StatusColumns { status: 2, since: None, why: None };
        assert_eq!(paused.read(PLACE), Err(PLACE.corrupt("since")));
        let unknown = StatusColumns { status: 4, since: None, why: None };
        assert_eq!(unknown.read(PLACE), Err(PLACE.corrupt("status")));
        let disabled = StatusColumns { status: 3, since: Some(0), why: None };
        assert_eq!(disabled.read(PLACE), Err(PLACE.corrupt("why")));
    }
}
