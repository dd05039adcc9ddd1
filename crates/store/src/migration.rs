//! A step from one version of the schema to the next.

/// A migration: forward only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// The version it leads to.
    pub number: u32,
    /// What it is called.
    pub name: &'static str,
    pub(crate) sql: &'static str,
}

impl Migration {
    /// What it does: the first line of its comment.
    #[must_use]
    pub fn purpose(&self) -> &'static str {
        let first = self.sql.lines().find_map(|line| line.trim().strip_prefix("--"));
        first.unwrap_or_default().trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_says_in_its_first_comment_what_it_does() {
        let sql = "\n-- Notes of merchants.\n-- More.\ncreate table notes(id bigint);\n";
        let notes = Migration { number: 2, name: "notes", sql };
        assert_eq!(notes.purpose(), "Notes of merchants.");
        assert_eq!(Migration { sql: "drop table notes", ..notes }.purpose(), "");
    }
}
