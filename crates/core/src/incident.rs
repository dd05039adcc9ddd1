//! What an operator tells of trouble: what it affects, and what became of it, one notice after the other.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::IncidentId;

/// The most notices of one incident.
pub const NOTICES_MAX: usize = 200;
/// The most characters of a title.
pub const TITLE_CHARS_MAX: usize = 200;
/// The most characters of a notice.
pub const TEXT_CHARS_MAX: usize = 4_000;

/// What there is to be affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// Requests are taken.
    Api,
    /// What is taken is on record.
    Database,
    /// Events go out.
    Deliveries,
    /// Providers take payments.
    Payments,
}

impl Component {
    /// Every component, as they are shown.
    pub const ALL: [Self; 4] = [Self::Api, Self::Database, Self::Deliveries, Self::Payments];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Database => "database",
            Self::Deliveries => "deliveries",
            Self::Payments => "payments",
        }
    }
}

/// How well something works, the worst last.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// As it should.
    #[default]
    Operational,
    /// It is being worked on, as was said before.
    Maintenance,
    /// Slowly, or not for everybody.
    Degraded,
    /// Not at all.
    Outage,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 4] = [Self::Operational, Self::Maintenance, Self::Degraded, Self::Outage];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operational => "operational",
            Self::Maintenance => "maintenance",
            Self::Degraded => "degraded",
            Self::Outage => "outage",
        }
    }
}

/// How far an incident has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Nobody knows yet why.
    Investigating,
    /// Why is known.
    Identified,
    /// It is mended, and looked after.
    Monitoring,
    /// It is over.
    Resolved,
}

impl Progress {
    /// Each of them, in their order.
    pub const ALL: [Self; 4] =
        [Self::Investigating, Self::Identified, Self::Monitoring, Self::Resolved];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Investigating => "investigating",
            Self::Identified => "identified",
            Self::Monitoring => "monitoring",
            Self::Resolved => "resolved",
        }
    }
}

/// What was told at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// When.
    pub at: Timestamp,
    /// How far it had come.
    pub progress: Progress,
    /// What was told.
    pub text: String,
}

/// What an operator writes down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// In one line.
    pub title: String,
    /// How badly.
    pub impact: Standing,
    /// What.
    pub components: Vec<Component>,
    /// What was told, oldest first; at least one.
    pub notices: Vec<Notice>,
}

/// An incident on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// What was written down.
    pub report: Report,
    /// When it was first told of.
    pub opened: Timestamp,
    /// When it was over.
    pub resolved: Option<Timestamp>,
    /// How often it was written.
    pub version: u32,
}

/// Why a report is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadReport {
    /// The title is empty or too long.
    #[error("must have 1 to {TITLE_CHARS_MAX} characters")]
    Title,
    /// The text is empty or too long.
    #[error("must have 1 to {TEXT_CHARS_MAX} characters")]
    Text,
    /// It affects nothing.
    #[error("must name at least one component, each once: {}", Component::ALL.map(Component::name).join(", "))]
    Components,
    /// An incident that is none.
    #[error("must be `maintenance`, `degraded` or `outage`; what is operational is no incident")]
    Impact,
    /// It has been told of too often.
    #[error("has {NOTICES_MAX} notices already; open another incident")]
    Notices,
}

impl BadReport {
    /// The field that is wrong.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Text | Self::Notices => "text",
            Self::Components => "components",
            Self::Impact => "impact",
        }
    }
}

impl Report {
    /// The first that is told of an incident.
    pub fn open(
        title: String,
        impact: Standing,
        mut components: Vec<Component>,
        notice: Notice,
    ) -> Result<Self, BadReport> {
        if !(1..=TITLE_CHARS_MAX).contains(&title.chars().count()) {
            return Err(BadReport::Title);
        }
        if impact == Standing::Operational {
            return Err(BadReport::Impact);
        }
        let named = components.len();
        components.sort_unstable();
        components.dedup();
        if components.is_empty() || components.len() != named {
            return Err(BadReport::Components);
        }
        Self { title, impact, components, notices: Vec::new() }.tell(notice)
    }

    /// What is told next. After it is over more may be told of it, and it stays over.
    pub fn tell(mut self, notice: Notice) -> Result<Self, BadReport> {
        if !(1..=TEXT_CHARS_MAX).contains(&notice.text.chars().count()) {
            return Err(BadReport::Text);
        }
        if self.notices.len() >= NOTICES_MAX {
            return Err(BadReport::Notices);
        }
        let progress = if self.is_over() { Progress::Resolved } else { notice.progress };
        self.notices.push(Notice { progress, ..notice });
        Ok(self)
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.notices.iter().any(|notice| notice.progress == Progress::Resolved)
    }

    /// Since when it is over.
    #[must_use]
    pub fn over_since(&self) -> Option<Timestamp> {
        let over = |notice: &&Notice| notice.progress == Progress::Resolved;
        self.notices.iter().find(over).map(|notice| notice.at)
    }
}

/// How well a component works by what operators say of it: as the worst incident that is not over has it.
#[must_use]
pub fn said(incidents: &[Incident], component: Component) -> Standing {
    let open = incidents.iter().map(|incident| &incident.report).filter(|report| !report.is_over());
    let of_it = open.filter(|report| report.components.contains(&component));
    of_it.map(|report| report.impact).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(progress: Progress) -> Notice {
        Notice { at: Timestamp::UNIX_EPOCH, progress, text: "We look into it".to_owned() }
    }

    fn slow() -> Report {
        let affected = vec![Component::Payments, Component::Deliveries];
        let told = notice(Progress::Investigating);
        Report::open("Slow".to_owned(), Standing::Degraded, affected, told).unwrap()
    }

    fn incident(report: Report) -> Incident {
        let id = IncidentId::from_i64(1);
        let opened = Timestamp::UNIX_EPOCH;
        Incident { id, resolved: report.over_since(), report, opened, version: 1 }
    }

    #[test]
    fn a_component_stands_as_its_worst_open_incident_says() {
        let outage =
            Report { impact: Standing::Outage, components: vec![Component::Payments], ..slow() };
        let over = outage.clone().tell(notice(Progress::Resolved)).unwrap();
        let standing = |reports: &[&Report], component| {
            let all: Vec<_> = reports.iter().map(|report| incident((*report).clone())).collect();
            said(&all, component)
        };
        assert_eq!(standing(&[&slow()], Component::Payments), Standing::Degraded);
        assert_eq!(standing(&[&slow(), &outage], Component::Payments), Standing::Outage);
        assert_eq!(standing(&[&slow(), &over], Component::Payments), Standing::Degraded);
        assert_eq!(standing(&[&over], Component::Payments), Standing::Operational);
        assert_eq!(standing(&[&slow()], Component::Api), Standing::Operational);
    }

    #[test]
    fn what_is_over_stays_over() {
        let over = slow().tell(notice(Progress::Resolved)).unwrap();
        let told = over.tell(notice(Progress::Investigating)).unwrap();
        assert!(told.is_over());
        assert_eq!(told.notices.last().map(|told| told.progress), Some(Progress::Resolved));
    }

    #[test]
    fn a_report_says_what_and_how_badly() {
        let open = |title: &str, impact, components: &[Component]| {
            let told = notice(Progress::Investigating);
            Report::open(title.to_owned(), impact, components.to_vec(), told).map(drop)
        };
        let api = [Component::Api];
        assert_eq!(open("", Standing::Outage, &api), Err(BadReport::Title));
        assert_eq!(open("Down", Standing::Operational, &api), Err(BadReport::Impact));
        assert_eq!(open("Down", Standing::Outage, &[]), Err(BadReport::Components));
        let twice = [Component::Api, Component::Api];
        assert_eq!(open("Down", Standing::Outage, &twice), Err(BadReport::Components));
        let silent = Notice { text: String::new(), ..notice(Progress::Monitoring) };
        assert_eq!(slow().tell(silent), Err(BadReport::Text));
    }
}
